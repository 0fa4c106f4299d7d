"""Starts the steps of a pipeline whose needs are met, and ends it when there is nothing left to start.

The rows are the truth: whoever looks next, after a kill or a restart, goes on where they say it stopped.
Nothing calls this when a job ends; the sweeper looks every few seconds (`sweep`), in one worker at a time,
and so does whoever waits for a pipeline by command.
"""

from collections.abc import Sequence

import structlog
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from consilium.jobs.states import JobState
from consilium.logs import place_of
from consilium.people.models import Role
from consilium.people.permissions import roles_of
from consilium.refusals import Refused
from consilium.states.transitions import transition
from dashboard.models import Pipeline, PipelineStep
from dashboard.pipelines.start_step import is_answered_elsewhere, start_step
from dashboard.pipelines.states import PipelineState
from dashboard.pipelines.words import step_name

log = structlog.get_logger(__name__)
ENDED = (JobState.FAILED, JobState.CANCELLED)


class PipelineRefused(Refused):
    """The pipeline does not stand where this can be done; the text says what is wrong."""


def sweep() -> None:
    """The sweeper's part: look after every pipeline that goes on; one that fails does not keep the others."""
    for pipeline in Pipeline.objects.filter(state=PipelineState.RUNNING).order_by("pk"):
        try:
            advance(pipeline)
        except DatabaseError:
            raise
        except Exception as problem:
            log.error("pipeline.not_advanced", pipeline=pipeline.pk, cause=place_of(problem))


def advance(pipeline: Pipeline) -> None:
    """Start what can start, each step in a transaction of its own; repeat-safe, also by two at once."""
    while _has_to_do(pipeline) and _do_next(pipeline.pk):
        pass
    pipeline.refresh_from_db()


def set_going(pipeline: Pipeline) -> None:
    """Start what can start of a pipeline that somebody starts or resumes just now.

    Raises PipelineRefused when a step cannot: the caller's transaction then leaves nothing behind.
    """
    advance(pipeline)
    if pipeline.state == PipelineState.FAILED:
        raise PipelineRefused(pipeline.error)


def pipeline_steps(pipeline: Pipeline) -> "QuerySet[PipelineStep]":
    """The steps in order, with what tells how they stand."""
    related = ("run__job", "run__produced__endpoint", "evaluation__job", "evaluation__endpoint")
    return pipeline.steps.select_related(*related).prefetch_related("needs")


def ready_steps(steps: Sequence[PipelineStep]) -> list[PipelineStep]:
    """Those that have not started and wait for no other."""
    done = {step.pk for step in steps if step.is_done}
    return [step for step in steps if step.job is None and all(one.pk in done for one in step.needs.all())]


def _has_to_do(pipeline: Pipeline) -> bool:
    """Whether the rows ask for anything: most looks find nothing, and should not wait for the write lock."""
    steps = list(pipeline_steps(pipeline))
    is_over = all(step.is_done for step in steps) or any(step.state in ENDED for step in steps)
    return is_over or any(not is_answered_elsewhere(pipeline, step) for step in ready_steps(steps))


@transaction.atomic
def _do_next(key: int) -> bool:
    """One step started or the pipeline ended; False when there is no more to do.

    The row's lock (on SQLite the transaction itself) lets one process at a time decide.
    """
    related = ("study", "base", "release", "questions", "dev_questions", "preferences", "actor")
    held = Pipeline.objects.select_for_update(of=("self",)).select_related(*related)
    pipeline = held.get(pk=key)
    if pipeline.state != PipelineState.RUNNING:
        return False
    steps = list(pipeline_steps(pipeline))
    if failed := next((step for step in steps if step.state in ENDED), None):
        return _fail(pipeline, _why(failed))
    if all(step.is_done for step in steps):
        transition(pipeline, PipelineState.COMPLETED, by=None, finished_at=Now())
        return False
    waiting = [step for step in ready_steps(steps) if not is_answered_elsewhere(pipeline, step)]
    return bool(waiting) and _start(pipeline, waiting[0])


def _start(pipeline: Pipeline, step: PipelineStep) -> bool:
    if Role.LEAD not in roles_of(pipeline.actor, pipeline.study):
        who = f"{pipeline.actor} no longer leads this study, so {step_name(step)} was not started."
        return _fail(pipeline, f"{who} Another lead can resume it.")
    try:
        with transaction.atomic():
            start_step(pipeline, step)
    except Refused as refusal:
        return _fail(pipeline, f"{step_name(step)} could not be started. {refusal}")
    return True


def _why(step: PipelineStep) -> str:
    job = step.job
    assert job is not None
    if job.state == JobState.CANCELLED:
        return f"{step_name(step)} was stopped."
    return f"{step_name(step)} failed. {job.error}".strip()


def _fail(pipeline: Pipeline, error: str) -> bool:
    text = f"{error[:1].upper()}{error[1:]}"
    transition(pipeline, PipelineState.FAILED, by=None, finished_at=Now(), error=text)
    return False
