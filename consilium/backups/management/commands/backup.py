"""`manage.py backup DIR|FILE.tar [--models] [--database-only] [--keep N]`: while people work."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consilium.backups.back_up import EVERYTHING, ONLY_DATABASE, back_up
from consilium.commands import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Back up database, stored files, exports and anchors, while people work. A folder holds any number "
        "of backups and copies each file once; a new file ending in .tar holds one. Keys are not in it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("target", type=Path, metavar="DIR|FILE.tar")
        parser.add_argument("--models", action="store_true", help="the models' folder too")
        parser.add_argument("--database-only", action="store_true", help="no files")
        parser.add_argument(
            "--keep", type=int, default=0, metavar="N", help="remove all but the newest N backups of DIR"
        )

    def perform(self, **options: Any) -> dict[str, Any]:
        made = back_up(
            options["target"],
            models=options["models"],
            scope=ONLY_DATABASE if options["database_only"] else EVERYTHING,
            kept=max(0, options["keep"]),
        )
        return {
            "backup": made.name,
            "database_bytes": made.database_bytes,
            "files": made.files,
            "copied": made.copied,
            "copied_bytes": made.copied_bytes,
            "removed": made.removed,
            **({"missing": list(made.missing), "ok": False} if made.missing else {}),
        }
