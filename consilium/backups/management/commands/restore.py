"""`manage.py restore DIR|DIR/NAME|FILE.tar [--verify]`: into an empty site only."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consilium.backups.restore import put_site_back, verify_backup
from consilium.commands import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Put a backup back into an empty data folder and an empty database, and verify it: every hash, the "
        "audit chains, the triggers. With --verify only read it and compare every hash; nothing is written."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("source", type=Path, metavar="DIR|DIR/NAME|FILE.tar")
        parser.add_argument("--verify", action="store_true", help="verify the backup, restore nothing")

    def perform(self, **options: Any) -> dict[str, Any]:
        if options["verify"]:
            manifest = verify_backup(options["source"])
            return {"backup": manifest.name, "files": manifest.blobs + len(manifest.files), "whole": True}
        done = put_site_back(options["source"])
        return {
            "backup": done.manifest.name,
            "made_at": done.manifest.made_at.isoformat(),
            "files": done.files,
            "events": done.events,
            "migrations_wait": done.migrations_wait,
            **({"before_you_start": list(done.notes)} if done.notes else {}),
            **({"problems": list(done.problems), "ok": False} if done.problems else {}),
        }
