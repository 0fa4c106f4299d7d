"""`manage.py train STAGE|pipeline --release DIGEST --base NAME [--by LEAD] [--set k=v] [--wait]`."""

import time
from typing import Any

from django.core.management.base import CommandParser

from consilium.commands import ReportingCommand
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.run import run_until_over
from consilium.jobs.states import JobState
from consilium.people.models import Study
from curation.management.acting_lead import add_by, lead_of
from curation.releases.freeze import find_release
from training.launch import launch, launch_pipeline
from training.models import Run, Stage
from training.preconditions import LaunchRefused, read_assignment

WAIT_SECONDS = 1.0
ALIASES = {"reward": Stage.REWARD_MODEL.value}


class Command(ReportingCommand):
    help = "Put training runs on the queue."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("stage", choices=[*Stage.values, *ALIASES, "pipeline"])
        parser.add_argument("--release", required=True, help="Digest of the release, 8 digits or more.")
        parser.add_argument("--base", required=True, help="Name of a local endpoint.")
        add_by(parser)
        parser.add_argument("--specialty", default="", help="Of dsa; left out: one model of all specialties.")
        parser.add_argument(
            "--input", type=int, action="append", default=[], help="Number of a run to build on."
        )
        parser.add_argument(
            "--questions", default="", help="Digest of the dev questions of merge candidates."
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--gpus", default="", help="Name of a set of GPUs; left out: any gpu worker.")
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments")
        parser.add_argument("--wait", action="store_true", help="Run here until everything is over.")

    def perform(self, **options: Any) -> dict[str, Any]:
        runs = self._launch(options)
        jobs = {str(run.pk): run.job for run in runs}
        if options["wait"]:
            jobs = {number: _finish(run) for number, run in zip(jobs, runs, strict=True)}
        report: dict[str, Any] = {"runs": {number: job.state for number, job in jobs.items()}}
        if options["wait"] and set(report["runs"].values()) != {JobState.SUCCEEDED}:
            report |= {
                "errors": {number: job.error for number, job in jobs.items() if job.error},
                "ok": False,
            }
        return report

    def _launch(self, options: dict[str, Any]) -> list[Run]:
        release = find_release(options["release"])
        common = {
            "study": release.study,
            "base": _base(options["base"], release.study),
            "by": lead_of(release.study, options["by"]),
            "seed": options["seed"],
            "gpus": options["gpus"],
        }
        questions = find_release(options["questions"]) if options["questions"] else None
        settings: dict[str, Any] = dict(read_assignment(text) for text in options["assignments"])
        if options["stage"] == "pipeline":
            nested: dict[str, dict[str, Any]] = {}
            for name, value in settings.items():
                stage, _, key = name.partition(".")
                nested.setdefault(stage, {})[key] = value
            return launch_pipeline(release=release, settings=nested, questions=questions, **common)
        stage = ALIASES.get(options["stage"], options["stage"])
        run = launch(
            stage=stage,
            release=questions if stage == Stage.MERGE else release,
            specialty=options["specialty"],
            inputs=[_input(number, release.study) for number in options["input"]],
            settings=settings,
            **common,
        )
        return [run]


def _finish(run: Run) -> Job:
    """Run the job here, once the runs it builds on are over; wait where a worker was faster."""
    while any(not source.job.is_over for source in run.inputs.select_related("job")):
        time.sleep(WAIT_SECONDS)
    return run_until_over(run.job)


def _base(name: str, study: Study) -> ModelEndpoint:
    found = ModelEndpoint.objects.for_study(study).filter(name=name).first()
    if found is None:
        raise LaunchRefused(f"There is no model named {name!r}; add it with `manage.py endpoint add`.")
    return found


def _input(number: int, study: Study) -> Run:
    found = Run.objects.filter(study=study, pk=number).select_related("job").first()
    if found is None:
        raise LaunchRefused(f"There is no run {number} to build on.")
    return found
