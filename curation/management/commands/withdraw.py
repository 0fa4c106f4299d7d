"""`manage.py withdraw DIGEST --reason TEXT [--by LEAD]`."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from curation.management.acting_lead import add_by, lead_of
from curation.releases.freeze import find_release, withdraw_release


class Command(ReportingCommand):
    help = "Mark a release as not to be used any more."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("digest", help="8 digits or more.")
        parser.add_argument("--reason", required=True)
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["digest"])
        withdraw_release(release=release, reason=options["reason"], by=lead_of(release.study, options["by"]))
        return {"digest": release.digest, "state": release.state}
