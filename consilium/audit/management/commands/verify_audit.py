"""`manage.py verify_audit`: recompute every chain, look at every trigger; exit 1 when one is not whole."""

from dataclasses import asdict
from typing import Any

from django.db import connection

from consilium.audit.protection import ADVICE, faults
from consilium.audit.verify import verify_chains
from consilium.commands import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Recompute the audit chains, compare them with the anchors, and see that the database still refuses "
        "changes of append-only tables. Exit 0: whole. Exit 1: broken."
    )

    def perform(self, **options: Any) -> dict[str, Any]:
        count, breaks = verify_chains()
        unprotected = faults(connection)
        return {
            "events": count,
            "breaks": [asdict(found) for found in breaks],
            "unprotected": [asdict(found) for found in unprotected],
            **({"advice": ADVICE} if unprotected else {}),
            "ok": not breaks and not unprotected,
        }
