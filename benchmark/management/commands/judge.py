"""`manage.py judge --release DIGEST --endpoint NAME [--endpoint NAME] [--by LEAD] [--wait]`."""

from typing import Any

from django.core.management.base import CommandParser

from benchmark.launch import evaluate
from benchmark.models import EvaluationKind
from benchmark.preconditions import EvaluationRefused
from consilium.commands import ReportingCommand
from consilium.inference.models import ModelEndpoint
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.people.models import Study
from curation.management.acting_lead import add_by, lead_of
from curation.releases.freeze import find_release


class Command(ReportingCommand):
    help = "Score judges on a preference release."
    kind = EvaluationKind.JUDGE

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--release", required=True, help="Digest of the release, 8 digits or more.")
        parser.add_argument("--endpoint", action="append", required=True)
        add_by(parser)
        if self.kind == EvaluationKind.JUDGE:
            parser.add_argument(
                "--letter-probabilities",
                action="store_true",
                help="Ask servers how probable each letter of a verdict was.",
            )
        parser.add_argument("--wait", action="store_true", help="Run here until everything is over.")

    def perform(self, **options: Any) -> dict[str, Any]:
        release = find_release(options["release"])
        made = evaluate(
            study=release.study,
            kind=self.kind,
            release=release,
            endpoints=[_endpoint(name, release.study) for name in options["endpoint"]],
            by=lead_of(release.study, options["by"]),
            letter_probabilities=options.get("letter_probabilities", False),
        )
        done = {one.endpoint.name: run_until_over(one.job) if options["wait"] else one.job for one in made}
        report: dict[str, Any] = {"evaluations": {name: job.state for name, job in done.items()}}
        if options["wait"] and set(report["evaluations"].values()) != {JobState.SUCCEEDED}:
            report |= {"errors": {name: job.error for name, job in done.items() if job.error}, "ok": False}
        return report


def _endpoint(name: str, study: Study) -> ModelEndpoint:
    found = ModelEndpoint.objects.for_study(study).filter(name=name).first()
    if found is None:
        raise EvaluationRefused(f"There is no model named {name!r}; add it with `manage.py endpoint add`.")
    return found
