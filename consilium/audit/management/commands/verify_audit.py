"""`manage.py verify_audit`: recompute every audit chain; exit 1 when one was tampered with."""

from dataclasses import asdict
from typing import Any

from consilium.audit.verify import verify_chains
from consilium.commands import ReportingCommand


class Command(ReportingCommand):
    help = "Recompute the audit chains and compare them with the anchors. Exit 0: whole. Exit 1: broken."

    def perform(self, **options: Any) -> dict[str, Any]:
        count, breaks = verify_chains()
        return {"events": count, "breaks": [asdict(found) for found in breaks], "ok": not breaks}
