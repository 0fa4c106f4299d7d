"""Database triggers that refuse UPDATE and DELETE on a table; SQLite and PostgreSQL."""

from dataclasses import dataclass

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table} {when}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END
$$ LANGUAGE plpgsql
"""
POSTGRES_ROW = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table}
FOR EACH ROW {when} EXECUTE FUNCTION {table}_refuse()
"""
POSTGRES_TRUNCATE = """
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is refused on one table, optionally only where `when` (SQL over OLD and NEW) holds."""

    table: str
    verbs: tuple[str, ...] = ("update", "delete")
    when: str = ""

    def install(self, connection: BaseDatabaseWrapper) -> None:
        """Create the triggers."""
        with connection.cursor() as cursor:
            for statement in self._statements(connection.vendor):
                cursor.execute(statement)

    def remove(self, connection: BaseDatabaseWrapper) -> None:
        """Drop the triggers (a migration backwards, or a test that plays the attacker)."""
        sqlite = connection.vendor == "sqlite"
        with connection.cursor() as cursor:
            for verb in (*self.verbs, *(() if sqlite else ("truncate",))):
                on_table = "" if sqlite else f" ON {self.table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {self.table}_no_{verb}{on_table}")

    def _statements(self, vendor: str) -> list[str]:
        when = f"WHEN ({self.when})" if self.when else ""
        names = [
            {"table": self.table, "verb": verb, "VERB": verb.upper(), "when": when} for verb in self.verbs
        ]
        if vendor == "sqlite":
            return [SQLITE.format(**name) for name in names]
        rows = [POSTGRES_ROW.format(**name) for name in names]
        return [
            POSTGRES_FUNCTION.format(table=self.table),
            *rows,
            POSTGRES_TRUNCATE.format(table=self.table),
        ]


installed: list[Refusal] = []


def refuse_changes(
    table: str, *, verbs: tuple[str, ...] = ("update", "delete"), when: str = ""
) -> migrations.RunPython:
    """A migration operation that installs one Refusal."""
    refusal = Refusal(table, verbs, when)
    installed.append(refusal)

    def add(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        refusal.install(editor.connection)

    def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        refusal.remove(editor.connection)

    return migrations.RunPython(add, drop)
