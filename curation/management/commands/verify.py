"""`manage.py verify DIGEST`: recompute every hash of a release."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from curation.releases.freeze import find_release
from curation.releases.verify import verify


class Command(ReportingCommand):
    help = "Recompute every hash of a release; exit 1 when something does not agree."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("digest", help="8 digits or more.")

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["digest"])
        problems = verify(release)
        return {
            "digest": release.digest,
            "rows": release.row_count,
            "problems": problems,
            "ok": not problems,
        }
