"""`manage.py reparse DIGEST [--endpoint NAME ...] [--by LEAD]`: read stored replies anew."""

from typing import Any

from django.core.management.base import CommandParser

from benchmark.models import Evaluation, EvaluationKind
from benchmark.reparse import VERSIONS, reparse
from consilium.commands import ReportingCommand
from consilium.refusals import Refused
from curation.management.acting_lead import add_by, lead_of
from curation.releases.freeze import find_release


class Command(ReportingCommand):
    help = "Read the stored replies of a release's evaluations anew, without asking any model."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("digest", help="Of the release, 8 digits or more.")
        parser.add_argument("--endpoint", action="append", help="Of this model alone; may be repeated.")
        add_by(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["digest"])
        person = lead_of(release.study, options["by"])
        found = Evaluation.objects.filter(release=release).select_related("endpoint", "study").order_by("pk")
        names = set(options["endpoint"] or [])
        if unknown := names - set(found.values_list("endpoint__name", flat=True)):
            raise Refused(f"{release} has no evaluation of {', '.join(sorted(unknown))}.")
        wanted = [one for one in found if not names or one.endpoint.name in names]
        if not wanted:
            raise Refused(f"Nothing has been scored on {release} yet.")
        done = [(one, reparse(evaluation=one, by=person)) for one in wanted]
        return {
            "parser": sorted({VERSIONS[EvaluationKind(one.kind)] for one, _ in done}),
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
