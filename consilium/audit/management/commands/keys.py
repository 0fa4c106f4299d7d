"""`manage.py keys [show|rotate|retire]`: which keys this installation holds; a new signing key."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import transaction

from consilium import keys
from consilium.audit.models import KeyMark
from consilium.audit.record import record
from consilium.commands import ReportingCommand
from consilium.refusals import Refused

RESTART = "Restart web and workers, all of them."
GIVEN = (
    "The signing key comes from the environment: put a new one into CONSILIUM_SECRET_KEY and the old one "
    "into CONSILIUM_SECRET_KEY_FALLBACKS (with CONSILIUM_SECRET_KEY_FILE: a new first line), then restart "
    "web and workers; to retire it, remove it there."
)


class Command(ReportingCommand):
    help = (
        "show: ids of the three keys, never the keys. rotate: a new signing key; people stay signed in. "
        "retire: forget the old signing keys. Identity and record key are never replaced."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("act", nargs="?", default="show", choices=["show", "rotate", "retire"])

    def perform(self, **options: Any) -> dict[str, Any]:
        if options["act"] == "show":
            return shown()
        if keys.is_set(keys.SIGNING):
            raise Refused(GIVEN)
        return rotate() if options["act"] == "rotate" else retire()


def shown() -> dict[str, Any]:
    """Id and origin of each key."""
    held = {
        keys.SIGNING: settings.SECRET_KEY,
        keys.IDENTITY: settings.IDENTITY_KEY,
        keys.RECORD: settings.RECORD_KEY,
    }
    found: dict[str, Any] = {
        purpose: {
            "id": keys.key_id(purpose, key),
            "from": "environment" if keys.is_set(purpose) else "key folder",
        }
        for purpose, key in held.items()
    }
    return found | {"retired signing keys": len(settings.SECRET_KEY_FALLBACKS)}


@transaction.atomic
def rotate() -> dict[str, Any]:
    """A new signing key; the old one still reads what it signed."""
    new = keys.new_key()
    name = keys.key_id(keys.SIGNING, new)
    record(action="key.rotated", obj=_mark(), by=None, study=None, data={"key": name})
    keys.rotate_signing_key(settings.KEY_FOLDER, new)
    return {"signing": {"id": name}, "next": f"{RESTART} Retire the old key a day later."}


@transaction.atomic
def retire() -> dict[str, Any]:
    """Forget all signing keys but the one in force."""
    count = keys.retire_signing_keys(settings.KEY_FOLDER)
    record(action="key.retired", obj=_mark(), by=None, study=None, data={"keys": count})
    return {"retired": count, "next": RESTART}


def _mark() -> KeyMark:
    """What the record names; of the signing key itself no row is kept."""
    return KeyMark(pk=0, purpose=keys.SIGNING)
