"""`manage.py withdraw DIGEST --reason TEXT [--by LEAD] [--sign]`."""

from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from consilium.signatures.models import Meaning
from curation.management.acting_lead import add_by, add_sign, lead_of, sitting_at_terminal
from curation.releases.freeze import find_release, withdraw_release


class Command(ReportingCommand):
    help = "Mark a release as not to be used any more."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("digest", help="8 digits or more.")
        parser.add_argument("--reason", required=True)
        add_by(parser)
        add_sign(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["digest"])
        lead = lead_of(release.study, options["by"])
        sitting = sitting_at_terminal(release.study, Meaning.WITHDRAWN, options)
        withdraw_release(release=release, reason=options["reason"], by=lead, sitting=sitting)
        return {"digest": release.digest, "state": release.state, "signed": sitting is not None}
