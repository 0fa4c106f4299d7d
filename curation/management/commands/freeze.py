"""`manage.py freeze SLUG traces|questions|preferences [--name NAME] [--by LEAD]`."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from consilium.commands import ReportingCommand
from curation.management.acting_lead import add_by, lead_of, study_named
from curation.releases.registry import find, known


class Command(ReportingCommand):
    help = "Freeze what is ready into a release."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug")
        parser.add_argument("kind", choices=[freezer.kind for freezer in known()])
        parser.add_argument("--name", default="", help="Default: the kind and the time.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        study = study_named(options["slug"])
        name = options["name"] or f"{options['kind']} {timezone.now():%Y-%m-%d %H:%M:%S}"
        freezer = find(options["kind"])
        release = freezer.freeze(study=study, name=name, by=lead_of(study, options["by"]))
        return {"digest": release.digest, "rows": release.row_count, "left_out": release.left_out}
