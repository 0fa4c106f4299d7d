"""What PostgreSQL lets the application's role and the read-only role do: mirrored from what is declared.

The triggers of `protection` refuse changes in words; these rights keep the application from lifting them.
Granted anew after every `migrate` that runs as the owner. SQLite has no roles.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from consilium.audit.protection import declared

LOCK = 7_311_204_117  # of the transaction that grants: two at once would trip over each other's rows
MIGRATIONS = "django_migrations"
OWN_RELATIONS = """
SELECT relation.relname, relation.relkind FROM pg_class AS relation
WHERE relation.relnamespace = current_schema()::regnamespace
  AND relation.relkind IN ('r', 'p', 'v', 'm', 'S') AND pg_has_role(relation.relowner, 'USAGE')
ORDER BY 1
"""
EXISTS = "SELECT 1 FROM pg_roles WHERE rolname = %s"
# Superusers and owners pass: they could lift whatever keeps others out.
IS_OWNER = """
SELECT role.rolsuper OR EXISTS (
  SELECT 1 FROM pg_class AS relation
  WHERE relation.oid = to_regclass('audit_auditevent') AND pg_has_role(role.oid, relation.relowner, 'USAGE')
) FROM pg_roles AS role WHERE role.rolname = current_user
"""

Quote = Callable[[str], str]

_secrets: dict[str, frozenset[str]] = {}


@dataclass(frozen=True, slots=True)
class DatabaseRoles:
    """The names of the roles that rights are granted to; `reader` is empty where there is none."""

    application: str
    reader: str = ""


def declare_secret(table: str, *columns: str) -> None:
    """Keep columns of a table, or all of it when none is named, from the read-only role (AppConfig.ready)."""
    _secrets[table] = _secrets.get(table, frozenset()) | set(columns)


def declared_secrets() -> dict[str, frozenset[str]]:
    """Table to its secret columns; none of them: the whole table."""
    return dict(_secrets)


def grant_statements(connection: BaseDatabaseWrapper, roles: DatabaseRoles) -> list[str]:
    """The SQL that gives both roles exactly what they may do with what the connected role owns."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = quote(cursor.fetchone()[0])
        cursor.execute(OWN_RELATIONS)
        relations = cursor.fetchall()
        columns = {
            name: [column.name for column in connection.introspection.get_table_description(cursor, name)]
            for name, kind in relations
            if kind != "S" and (name in _secrets or _fixed(name))
        }
    named = [quote(role) for role in (roles.application, roles.reader) if role]
    found = [f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(named)}"]
    for name, kind in relations:
        what = f"SEQUENCE {quote(name)}" if kind == "S" else quote(name)
        found.append(f"REVOKE ALL ON {what} FROM {', '.join(named)}")
        if kind == "S":
            found.append(f"GRANT USAGE, SELECT ON {what} TO {quote(roles.application)}")
            continue
        rights = ", ".join(_rights(name, columns.get(name, []), quote))
        found.append(f"GRANT {rights} ON {what} TO {quote(roles.application)}")
        if roles.reader and (readable := _readable(name, columns.get(name, []), quote)):
            found.append(f"GRANT {readable} ON {what} TO {quote(roles.reader)}")
    return found


def refresh_grants(connection: BaseDatabaseWrapper, roles: DatabaseRoles) -> list[str]:
    """Grant anew, in one transaction, as the owner who is connected; the names of roles that do not exist."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        missing = [role for role in (roles.application, roles.reader) if role and not _exists(cursor, role)]
        if roles.application not in missing:
            reader = "" if roles.reader in missing else roles.reader
            there = DatabaseRoles(roles.application, reader)
            cursor.execute(";\n".join(grant_statements(connection, there)))
    return missing


def runs_as_owner(connection: BaseDatabaseWrapper) -> bool:
    """Whether the connected role could lift the protection of the append-only tables; SQLite has no roles."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(IS_OWNER)
        return bool(cursor.fetchone()[0])


def _rights(table: str, columns: Iterable[str], quote: Quote) -> Iterator[str]:
    """What the application may do with a table: never TRUNCATE, and nothing that a refusal covers."""
    yield "SELECT"
    if table == MIGRATIONS:
        return
    yield "INSERT"
    refusals = [refusal for refusal in declared() if refusal.table == table]
    if not any("delete" in refusal.verbs for refusal in refusals):
        yield "DELETE"
    of_update = [refusal for refusal in refusals if "update" in refusal.verbs]
    if not of_update:
        yield "UPDATE"
    elif all(refusal.when for refusal in of_update):
        fixed = _fixed(table)
        yield f"UPDATE ({', '.join(quote(column) for column in columns if column not in fixed)})"


def _fixed(table: str) -> frozenset[str]:
    return frozenset(column for refusal in declared() if refusal.table == table for column in refusal.fixed)


def _readable(table: str, columns: Iterable[str], quote: Quote) -> str:
    if table not in _secrets:
        return "SELECT"
    open_to_all = [quote(column) for column in columns if column not in _secrets[table]]
    return f"SELECT ({', '.join(open_to_all)})" if _secrets[table] else ""


def _exists(cursor: Any, role: str) -> bool:
    cursor.execute(EXISTS, [role])
    return cursor.fetchone() is not None
