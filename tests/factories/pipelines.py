"""Pipelines whose runs and answers are made up: what a worker would leave when a step ends."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone

from benchmark.models import Evaluation
from benchmark.solve_job import store_results
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from curation.releases.freeze import rows_of
from dashboard.models import Pipeline, PipelineKind, PipelineStep
from dashboard.pipelines.advance import advance, pipeline_steps
from dashboard.pipelines.launch import start_pipeline
from tests.factories import benchmark as scoring
from tests.factories import training as making
from tests.factories.cast import Cast
from training.models import ProducedModel, Run, RunAttempt, RunEvent


def started(cast: Cast, **changes: Any) -> Pipeline:
    """A pipeline on eight traces of two specialties and eight test questions."""
    wanted: dict[str, Any] = {
        "study": cast.study,
        "kind": PipelineKind.WHOLE,
        "by": cast.lena,
        "seeds": [7],
        "preset": "smoke",
    }
    wanted |= changes
    if "release" not in wanted:
        wanted["release"] = making.trace_release(cast.study, cast.lena)
    if "questions" not in wanted:
        wanted["questions"] = scoring.questions(cast)
    if "base" not in wanted:
        wanted["base"] = making.base_endpoint()
    return start_pipeline(**wanted)


def at_work(pipeline: Pipeline) -> list[PipelineStep]:
    """The steps whose jobs wait for a worker or have one."""
    return [step for step in pipeline_steps(pipeline) if step.job and not step.job.is_over]


def end(step: PipelineStep, state: str = JobState.SUCCEEDED, error: str = "") -> None:
    """The step's job is over; a run that succeeded has made a model, an evaluation has its answers."""
    assert step.job is not None
    Job.objects.filter(pk=step.job.pk).update(state=state, error=error)
    if state == JobState.SUCCEEDED and step.run is not None:
        produce(step.run)


def produce(run: Run) -> None:
    """What a run leaves: its model, its last step, and how long it took."""
    name = f"{run.study.slug}/run-{run.pk} {run.stage}"
    made = ModelEndpoint.objects.create(
        name=name, path=f"runs/{run.pk}/model", family="tiny", study=run.study
    )
    ProducedModel.objects.create(run=run, endpoint=made, digest="ab" * 32, card={"metrics": {}})
    RunEvent.objects.create(run=run, sequence=1, kind="step", step=run.settings.get("max_steps", 4))
    now = timezone.now()
    RunAttempt.objects.create(run=run, number=1, started_at=now, heard_at=now, end="done")


def answer(evaluation: Evaluation, right: Mapping[int, bool]) -> None:
    """Its answers: by position in the release, right or wrong."""
    for position, row in enumerate(rows_of(evaluation.release)):
        gold = row.content["answer_label"]
        letter = gold if right.get(position) else next(other for other in "ABCD" if other != gold)
        text = f"<think>Seen.</think><answer>{letter}</answer>"
        reply = scoring.reply(evaluation.endpoint, f"{evaluation.pk} {row.row_id}", text)
        store_results(evaluation, {row.row_id: row.content}, [(row.row_id, reply)])


def go_through(pipeline: Pipeline, right: Callable[[PipelineStep], Mapping[int, bool]] | None = None) -> None:
    """End every step in turn, until the pipeline is over; `right` says what each model answers."""
    while steps := at_work(pipeline):
        for step in steps:
            if right is not None and step.evaluation is not None:
                answer(step.evaluation, right(step))
            end(step)
        advance(pipeline)
