"""Which tables are protected by triggers, whether the database holds those triggers, and putting them back.

An app declares its refusals in AppConfig.ready; this room knows no app. Altering a table loses its triggers
on SQLite (Django makes a new table and drops the old one), so they are put back after every `migrate`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.checks.registry import registry
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from consilium.audit.append_only import Refusal, normal_sql

CHECK_TAG, MIGRATIONS_TAG = "append_only", "migrations"
ADVICE = (
    "Run `python manage.py migrate` (or `setup`), which puts them back, and start again. If nobody altered "
    "the tables on purpose, rows may have been changed meanwhile: compare them with a backup."
)
HELD_BY_SQLITE = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
HELD_BY_POSTGRES = """
SELECT relation.relname, held.tgname,
  CASE WHEN held.tgenabled IN ('O', 'A') THEN '' ELSE 'disabled ' END
  || pg_get_triggerdef(held.oid, true) || ' ' || language.lanname || ' ' || function.prosrc
FROM pg_trigger AS held
JOIN pg_class AS relation ON relation.oid = held.tgrelid
JOIN pg_proc AS function ON function.oid = held.tgfoid
JOIN pg_language AS language ON language.oid = function.prolang
WHERE NOT held.tgisinternal AND pg_table_is_visible(relation.oid)
"""

_declared: list[Refusal] = []


@dataclass(frozen=True, slots=True)
class Fault:
    """One declared trigger that the database does not hold as declared."""

    table: str
    trigger: str
    problem: str

    def __str__(self) -> str:
        return f"{self.table}: the trigger {self.trigger} {self.problem}"


def declare(*refusals: Refusal) -> None:
    """Have tables protected from now on; called in AppConfig.ready of the app that owns them."""
    _declared.extend(refusal for refusal in refusals if refusal not in _declared)


def declared() -> tuple[Refusal, ...]:
    """Every refusal that an app declared."""
    return tuple(_declared)


def faults(connection: BaseDatabaseWrapper) -> list[Fault]:
    """What is missing or altered on the tables that exist. Raises DatabaseError when it does not answer."""
    tables, held = set(connection.introspection.table_names()), _held(connection)
    return [
        fault
        for refusal in _declared
        if refusal.table in tables
        for fault in _faults_of(refusal, connection.vendor, held)
    ]


def restore(connection: BaseDatabaseWrapper) -> list[str]:
    """Put back what is missing or altered, wherever its tables and columns exist; names of those tables.

    Only what differs is touched: a database that is well is not locked.
    """
    with transaction.atomic(using=connection.alias):
        held = _held(connection)
        wrong = [refusal for refusal in _declared if any(_faults_of(refusal, connection.vendor, held))]
        found = [refusal for refusal in wrong if _fits(refusal, connection)]
        for refusal in found:
            refusal.install(connection)
    return sorted({refusal.table for refusal in found})


def other_checks() -> list[str]:
    """Tags of all system checks but those that say "migrate": for what runs `migrate` and so mends them."""
    return sorted(registry.tags_available() - {CHECK_TAG, MIGRATIONS_TAG})


def before_migrate(using: str, plan: list[Any], **kwargs: Any) -> None:
    """Lift conditional triggers while migrations run on SQLite: it refuses to alter what they read."""
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        for refusal in _declared:
            if refusal.when:
                refusal.remove(connection)


def after_migrate(using: str, verbosity: int, stdout: Any = None, **kwargs: Any) -> None:
    """Put the triggers back, also after migrations that went backwards or only part of the way."""
    tables = restore(connections[using])
    if tables and verbosity and stdout is not None:
        stdout.write(f"  Append-only triggers put in place: {', '.join(tables)}")


def _held(connection: BaseDatabaseWrapper) -> dict[tuple[str, str], str]:
    """The text of each trigger in the database by table and name."""
    with connection.cursor() as cursor:
        cursor.execute(HELD_BY_SQLITE if connection.vendor == "sqlite" else HELD_BY_POSTGRES)
        return {(table, name): normal_sql(text) for table, name, text in cursor.fetchall()}


def _faults_of(refusal: Refusal, vendor: str, held: dict[tuple[str, str], str]) -> Iterator[Fault]:
    for trigger in refusal.triggers(vendor):
        text = held.get((refusal.table, trigger.name))
        if text != trigger.text:
            problem = "is missing" if text is None else "is not the one that this version declares"
            yield Fault(refusal.table, trigger.name, problem)


def _fits(refusal: Refusal, connection: BaseDatabaseWrapper) -> bool:
    """Whether everything the triggers name exists: a trigger on a missing column breaks its table."""
    tables = set(connection.introspection.table_names())
    return all(
        table in tables and columns <= _columns_of(connection, table)
        for table, columns in refusal.columns().items()
    )


def _columns_of(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    """Their names alone: what Django finds out besides them is parsed from SQL, a hundred times slower."""
    with connection.cursor() as cursor:
        # The name comes from a model.
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} WHERE 1 = 0")  # noqa: S608
        return {column[0] for column in cursor.description}
