"""`manage.py reparse DIGEST [--endpoint NAME ...] [--by LEAD]`: read stored replies anew."""

from typing import Any

from django.core.management.base import CommandParser

from benchmark.management.chosen_evaluations import add_release_and_endpoints, evaluations_of
from benchmark.reparse import reparse
from consilium.commands import ReportingCommand
from curation.management.acting_lead import add_by, lead_of
from curation.releases.freeze import find_release


class Command(ReportingCommand):
    help = "Read the stored replies of a release's evaluations anew, without asking any model."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_release_and_endpoints(parser)
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["digest"])
        person = lead_of(release.study, options["by"])
        wanted = evaluations_of(release, options["endpoint"])
        done = [(one, reparse(evaluation=one, by=person)) for one in wanted]
        return {
            "parser": sorted({told.parser for _, told in done}),
            "evaluations": [
                {
                    "evaluation": one.pk,
                    "model": one.endpoint.name,
                    "variant": one.variant,
                    "read": told.read,
                    "changed": told.changed,
                }
                for one, told in done
            ],
        }
