"""PostgreSQL's three roles: the owner migrates, the application works, a reader looks; made by a command.

Names and passwords come from DATABASE_OWNER_URL, DATABASE_URL and DATABASE_READER_URL. Passwords are sent as
SCRAM verifiers, so that the server's log of statements holds none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import ProgrammingError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from consilium.audit.grants import DatabaseRoles, grant_statements, refresh_grants
from consilium.refusals import Refused

# What a role may be (or not) and how PostgreSQL keeps it.
ATTRIBUTES = {
    "LOGIN": "rolcanlogin",
    "NOSUPERUSER": "NOT rolsuper",
    "NOCREATEDB": "NOT rolcreatedb",
    "NOCREATEROLE": "NOT rolcreaterole",
    "NOREPLICATION": "NOT rolreplication",
    "NOBYPASSRLS": "NOT rolbypassrls",
}
HELD = f"SELECT {', '.join(ATTRIBUTES.values())} FROM pg_roles WHERE rolname = %s"  # noqa: S608 - constants
# Rights of PUBLIC that let every role make tables: gone where the owner may take them away.
MAY_CREATE = """
SELECT has_schema_privilege(%s, current_schema(), 'CREATE')
  OR has_database_privilege(%s, current_database(), 'TEMP')
"""
IS_TOO_STRONG = """
SELECT rolsuper OR rolcreaterole OR rolbypassrls OR rolreplication
  OR pg_has_role(oid, current_user::name, 'MEMBER')
FROM pg_roles WHERE rolname = %s
"""


class RolesRefused(Refused):
    """The roles cannot be made so; the text is for the operator."""


def configured_roles() -> DatabaseRoles | None:
    """The roles of this installation; None where the application owns its tables, and on SQLite."""
    if settings.DATABASE_OWNER is None:
        return None
    reader = settings.DATABASE_READER or {}
    return DatabaseRoles(settings.DATABASES["default"]["USER"], reader.get("USER", ""))


@contextmanager
def as_owner(alias: str = "default") -> Iterator[DatabaseRoles | None]:
    """The connection is the owner's inside the block; gives the other roles. None where no owner is set."""
    roles, wrapper = configured_roles(), connections[alias]
    owner: dict[str, Any] | None = settings.DATABASE_OWNER
    if roles is None or owner is None:
        yield None
        return
    before = dict(wrapper.settings_dict)
    wrapper.close()
    wrapper.settings_dict.update(owner)
    try:
        yield roles
    finally:
        wrapper.close()
        wrapper.settings_dict.update(before)


def make_roles() -> list[str]:
    """Make the roles where they are missing, set their passwords, grant their rights; the names of the roles.

    Doing it again is harmless. Raises RolesRefused.
    """
    application = dict(settings.DATABASES["default"])  # the connection has the owner's inside the block
    with as_owner() as roles:
        connection = connections["default"]
        if roles is None:
            raise RolesRefused("Set DATABASE_OWNER_URL (PostgreSQL only): the owner makes the other roles.")
        given: list[dict[str, Any]] = [application, *filter(None, [settings.DATABASE_READER])]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for role in given:
                    cursor.execute(_role_statement(connection, role))
                for statement in _closing_statements(connection):
                    cursor.execute(statement)
            refresh_grants(connection, roles)
        except ProgrammingError:
            raise RolesRefused(
                "The owner may not make roles. Let the database's administrator run what "
                "`manage.py database_roles --sql` prints, then run this again."
            ) from None
        names = [str(role["USER"]) for role in given]
        _check_they_are_weak(connection, names)
    return names


def planned_statements() -> list[str]:
    """The same as SQL without passwords, for an administrator; sets none. Raises RolesRefused."""
    with as_owner() as roles:
        connection = connections["default"]
        if roles is None:
            raise RolesRefused("Set DATABASE_OWNER_URL (PostgreSQL only): the owner makes the other roles.")
        names = [name for name in (roles.application, roles.reader) if name]
        made = [_role_statement(connection, {"USER": name}) for name in names]
        return [*made, *_closing_statements(connection), *grant_statements(connection, roles)]


def _role_statement(connection: BaseDatabaseWrapper, role: dict[str, Any]) -> str:
    """Of a role that is there only what it lacks is named: a superuser alone may name the others at all."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [role["USER"]])
        held = cursor.fetchone()
    lacking = [word for word, is_so in zip(ATTRIBUTES, held or (), strict=False) if not is_so]
    words = lacking or ["LOGIN"] if held else list(ATTRIBUTES)
    verb = "ALTER" if held else "CREATE"
    quoted = connection.ops.quote_name(role["USER"])
    return f"{verb} ROLE {quoted} {' '.join(words)}{_password(connection, role)}"


def _password(connection: BaseDatabaseWrapper, role: dict[str, Any]) -> str:
    if not role.get("PASSWORD"):
        return ""
    from psycopg2.extensions import encrypt_password  # type: ignore[import-untyped]

    connection.ensure_connection()
    verifier = encrypt_password(role["PASSWORD"], role["USER"], connection.connection, "scram-sha-256")
    return f" PASSWORD '{verifier}'"


def _closing_statements(connection: BaseDatabaseWrapper) -> list[str]:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_database()")
        schema, database = map(quote, cursor.fetchone())
    return [
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC",
        f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
    ]


def _check_they_are_weak(connection: BaseDatabaseWrapper, names: list[str]) -> None:
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(IS_TOO_STRONG, [name])
            too_strong = cursor.fetchone()[0]
            cursor.execute(MAY_CREATE, [name, name])
            if too_strong or cursor.fetchone()[0]:
                raise RolesRefused(
                    f"The role {name} may still do what only the owner should: it is a superuser, a member "
                    "of the owner, or may create tables. Let the database's administrator take that away."
                )
