"""`manage.py verify_audit`: recompute every chain, compare it with its anchors, look at every trigger."""

from dataclasses import asdict
from typing import Any

from django.db import connection

from consilium.audit.protection import ADVICE, faults
from consilium.audit.verify import verify_record
from consilium.commands import ReportingCommand
from consilium.refusals import Refused


class AnchorsUnchecked(Refused):
    """Nothing is broken, but anchors could not be compared."""


class Command(ReportingCommand):
    help = (
        "Recompute the audit chains, compare them with the anchors of both places, and see that the database "
        "still refuses changes of append-only tables. Exit 0: whole. Exit 1: broken. Exit 2: nothing found "
        "broken, but anchors could not be checked."
    )

    def perform(self, **options: Any) -> dict[str, Any]:
        found, unprotected = verify_record(), faults(connection)
        is_whole = not found.breaks and not unprotected
        if is_whole and found.unchecked:
            raise AnchorsUnchecked(found.unchecked)
        as_json = options["json"]
        return {
            "events": found.events,
            "anchors": found.anchors,
            "breaks": [asdict(one) | {"sentence": str(one)} if as_json else str(one) for one in found.breaks],
            "unprotected": [asdict(one) for one in unprotected],
            **({"unchecked": found.unchecked} if found.unchecked else {}),
            **({"advice": ADVICE} if unprotected else {}),
            "ok": is_whole,
        }
