"""`manage.py pipeline start|compare|resume|cancel|show`: several runs and their scores as one thing."""

import time
from typing import Any, Final

from django.core.management.base import CommandParser

from benchmark.models import ON_PAUSE
from consilium.commands import ReportingCommand
from consilium.inference.models import ModelEndpoint
from consilium.jobs.run import run_until_over
from consilium.refusals import Refused
from curation.management.acting_lead import add_by, lead_of
from curation.models import Release
from curation.releases.freeze import find_release
from dashboard.models import Pipeline, PipelineKind
from dashboard.pipelines.advance import PipelineRefused, advance, pipeline_steps
from dashboard.pipelines.control import cancel_pipeline, resume_pipeline
from dashboard.pipelines.launch import start_pipeline
from dashboard.pipelines.progress import told_pipeline
from dashboard.pipelines.states import PipelineState
from training.preconditions import LaunchRefused, read_assignment

KINDS: Final = {"start": PipelineKind.WHOLE, "compare": PipelineKind.COMPARISON}
SEEDS: Final = {"start": [7], "compare": [7, 8, 9]}
WAIT_SECONDS: Final = 0.5
NEEDED: Final = ("release", "base", "questions")


class Command(ReportingCommand):
    help = (
        "Train experts, GBA and their merge from a trace release and score the result on questions (start),"
        " or compare seven recipes (compare); resume, cancel or show one that there is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=[*KINDS, "resume", "cancel", "show"])
        parser.add_argument("number", nargs="?", type=int, help="Of the pipeline to resume, cancel or show.")
        parser.add_argument("--release", default="", help="Digest of the trace release, 8 digits or more.")
        parser.add_argument("--base", default="", help="Name of a local endpoint.")
        parser.add_argument(
            "--questions", default="", help="Digest of the questions that models are scored on."
        )
        parser.add_argument(
            "--dev-questions", default="", help="Digest of the dev questions of merge candidates."
        )
        parser.add_argument("--preferences", default="", help="compare: digest of what judges learn from.")
        parser.add_argument("--preset", default="default")
        parser.add_argument(
            "--seed", type=int, action="append", help="compare: once for each seed (default: 7, 8, 9)."
        )
        parser.add_argument("--gpus", default="", help="Name of a set of GPUs; left out: any gpu worker.")
        parser.add_argument(
            "--set", action="append", default=[], metavar="STAGE.KEY=VALUE", dest="assignments"
        )
        add_by(parser)
        parser.add_argument("--wait", action="store_true", help="Run here until everything is over.")

    def perform(self, **options: Any) -> dict[str, Any]:
        action = options["action"]
        pipeline = _started(options) if action in KINDS else _known(options["number"], action)
        if action == "resume":
            resume_pipeline(pipeline=pipeline, by=lead_of(pipeline.study, options["by"]))
        elif action == "cancel":
            cancel_pipeline(pipeline=pipeline, by=lead_of(pipeline.study, options["by"]))
        if options["wait"]:
            _follow(pipeline)
        pipeline.refresh_from_db()
        report = told_pipeline(pipeline)
        if options["wait"] and pipeline.state != PipelineState.COMPLETED:
            report["ok"] = False
        return report


def _started(options: dict[str, Any]) -> Pipeline:
    action = options["action"]
    if options["number"] is not None:
        raise Refused(f"{action} makes a new pipeline and takes no number.")
    if missing := [f"--{name}" for name in NEEDED if not options[name]]:
        raise Refused(f"{action} needs {', '.join(missing)}.")
    release = find_release(options["release"])
    study = release.study
    settings: dict[str, dict[str, Any]] = {}
    for name, value in map(read_assignment, options["assignments"]):
        stage, _, key = name.partition(".")
        settings.setdefault(stage, {})[key] = value
    return start_pipeline(
        study=study,
        kind=KINDS[action],
        release=release,
        base=_base(options["base"], release),
        questions=find_release(options["questions"]),
        dev_questions=_optional(options["dev_questions"]),
        preferences=_optional(options["preferences"]),
        by=lead_of(study, options["by"]),
        seeds=options["seed"] or SEEDS[action],
        preset=options["preset"],
        settings=settings,
        gpus=options["gpus"],
    )


def _known(number: int | None, action: str) -> Pipeline:
    if number is None:
        raise Refused(f"{action} needs the number of a pipeline.")
    found = Pipeline.objects.select_related("study").filter(pk=number).first()
    if found is None:
        raise PipelineRefused(f"There is no pipeline {number}.")
    return found


def _base(name: str, release: Release) -> ModelEndpoint:
    found = ModelEndpoint.objects.for_study(release.study).filter(name=name).first()
    if found is None:
        raise LaunchRefused(f"There is no model named {name!r}; add it with `manage.py endpoint add`.")
    return found


def _optional(digest: str) -> Release | None:
    return find_release(digest) if digest else None


def _follow(pipeline: Pipeline) -> None:
    """Do the steps here, or wait where a worker was faster; ends early where people must change something."""
    advance(pipeline)
    while not pipeline.is_over:
        jobs = [step.job for step in pipeline_steps(pipeline) if step.job and not step.job.is_over]
        if jobs and run_until_over(jobs[0]).postponed_because:
            return
        if not jobs and any(step.state == ON_PAUSE for step in pipeline_steps(pipeline)):
            return
        if not jobs:  # somebody else has the last step's model answer the same questions
            time.sleep(WAIT_SECONDS)
        advance(pipeline)
