"""`manage.py freeze SLUG traces|questions|preferences [--name NAME] [--by LEAD] [--sign]`."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from consilium.commands import ReportingCommand
from consilium.signatures.models import Meaning
from curation.management.acting_lead import add_by, add_sign, lead_of, sitting_at_terminal, study_named
from curation.releases.registry import find, known
from curation.releases.sign import sign_release


class Command(ReportingCommand):
    help = "Freeze what is ready into a release."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("kind", choices=[freezer.kind for freezer in known()])
        parser.add_argument("--name", default="", help="Default: the kind and the time.")
        add_by(parser)
        add_sign(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        study = study_named(options["slug"])
        name = options["name"] or f"{options['kind']} {timezone.now():%Y-%m-%d %H:%M:%S}"
        lead = lead_of(study, options["by"])
        # Before the work: a wrong password freezes nothing. What takes longer than a sitting stays unsigned.
        sitting = sitting_at_terminal(study, Meaning.RELEASED, options)
        release = find(options["kind"]).freeze(study=study, name=name, by=lead)
        if sitting is not None:
            sign_release(release=release, by=lead, sitting=sitting)
        found = {"digest": release.digest, "rows": release.row_count, "left_out": release.left_out}
        return found | {"signed": sitting is not None}
