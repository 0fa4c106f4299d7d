"""`manage.py judge --release DIGEST --endpoint NAME [--endpoint NAME] --by LEAD [--wait]`."""

from typing import Any

from django.core.management.base import CommandParser

from benchmark.launching import EvaluationRefused, evaluate
from benchmark.models import EvaluationKind
from consilium.calls.models import ModelEndpoint
from consilium.commands import ReportingCommand
from consilium.jobs.running import run_now
from consilium.jobs.states import JobState
from consilium.people.models import Person
from curation.releasing import FreezeRefused, find_release


class Command(ReportingCommand):
    help = "Score judges on a preference release."
    refusals = (EvaluationRefused, FreezeRefused)
    kind = EvaluationKind.JUDGE

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--release", required=True, help="Digest of the release, 8 digits or more.")
        parser.add_argument("--endpoint", action="append", required=True)
        parser.add_argument("--by", required=True, help="User name of the lead who launches.")
        parser.add_argument("--wait", action="store_true", help="Run here until everything is over.")

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["release"])
        made = evaluate(
            study=release.study,
            kind=self.kind,
            release=release,
            endpoints=[ModelEndpoint.objects.get(name=name) for name in options["endpoint"]],
            by=Person.objects.get(username=options["by"]),
        )
        if options["wait"]:
            for evaluation in made:
                run_now(evaluation.job)
        states = {evaluation.endpoint.name: evaluation.job.state for evaluation in made}
        failed = JobState.FAILED in states.values()
        return {"evaluations": states, **({"ok": False} if failed else {})}
