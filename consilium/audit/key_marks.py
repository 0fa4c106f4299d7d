"""Whether this installation runs with the identity key that its rows derive from."""

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from consilium.audit.models import KeyMark
from consilium.keys import IDENTITY, key_id
from consilium.refusals import Refused

PEOPLE = "people_person"
FOREIGN = (
    "The identity key is not the one that this database was made with (its id is {held}, the database knows "
    "{known}): put that key back from its escrow copy; with another one every person would get a new "
    "pseudonym and every patient's images would be split."
)
UNKNOWN = (
    "This database was used before, but the identity key was made just now: set CONSILIUM_IDENTITY_KEY to "
    "the CONSILIUM_SECRET_KEY that it was used with, or put that installation's key file back, then run "
    "`manage.py setup`."
)


class IdentityKeyRefused(Refused):
    """This installation would make other pseudonyms and groups than its database holds."""


def identity_key_fault() -> str:
    """Why the identity key cannot be this database's, in one sentence; empty when it is.

    Also empty before the first `migrate`. Raises DatabaseError when the database does not answer.
    """
    tables = _tables(DEFAULT_DB_ALIAS)
    if KeyMark._meta.db_table not in tables:
        return ""
    known, held = KeyMark.objects.filter(purpose=IDENTITY).first(), key_id(IDENTITY, settings.IDENTITY_KEY)
    if known is None:
        return "" if _may_be_noted(DEFAULT_DB_ALIAS, tables) else UNKNOWN
    return "" if known.key_id == held else FOREIGN.format(held=held, known=known.key_id)


def check_identity_key() -> None:
    """Raise IdentityKeyRefused where `identity_key_fault` finds one."""
    if fault := identity_key_fault():
        raise IdentityKeyRefused(fault)


def note_identity_key(using: str) -> None:
    """Store which identity key this database is used with, once; not where `identity_key_fault` finds one."""
    tables = _tables(using)
    if KeyMark._meta.db_table in tables and _may_be_noted(using, tables):
        held = key_id(IDENTITY, settings.IDENTITY_KEY)
        KeyMark.objects.using(using).get_or_create(purpose=IDENTITY, defaults={"key_id": held})


def _may_be_noted(using: str, tables: set[str]) -> bool:
    """A database with people in it, and a key that was made by this version, do not belong together."""
    return settings.IDENTITY_KEY_IS_FORMER or PEOPLE not in tables or not _has_rows(using, PEOPLE)


def _tables(using: str) -> set[str]:
    return set(connections[using].introspection.table_names())


def _has_rows(using: str, table: str) -> bool:
    """By SQL: while migrations go backwards the table may lack columns of its model."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 - a name from this file
        return cursor.fetchone() is not None
