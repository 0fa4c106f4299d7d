"""`manage.py recheck DIGEST [--endpoint NAME ...]`: the exact re-run check of a release's evaluations."""

from typing import Any

from django.core.management.base import CommandParser

from benchmark.management.chosen_evaluations import add_release_and_endpoints, evaluations_of
from benchmark.rerun_check import check_rerun, differing
from consilium.commands import ReportingCommand
from consilium.statistics.json_form import as_json
from curation.releases.freeze import find_release


class Command(ReportingCommand):
    help = "Say whether a release's evaluations could be made again just so, without asking any model."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_release_and_endpoints(parser)

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["digest"])
        wanted = evaluations_of(release, options["endpoint"])
        done = [(one, check_rerun(one)) for one in wanted]
        return {
            "evaluations": [
                {
                    "evaluation": one.pk,
                    "model": one.endpoint.name,
                    "differing": differing(parts),
                    "parts": {part.name: as_json(part) for part in parts},
                }
                for one, parts in done
            ],
            "ok": not any(differing(parts) for _, parts in done),
        }
