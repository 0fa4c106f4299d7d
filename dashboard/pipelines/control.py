"""Stops a pipeline with all that is at work for it, and has one go on where it failed or was stopped."""

from django.db import transaction
from django.db.models.functions import Now

from benchmark.pause import resume_evaluation
from consilium.jobs.cancel import cancel
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.states.transitions import transition
from dashboard.models import Pipeline
from dashboard.pipelines.advance import ENDED, PipelineRefused, pipeline_steps, set_going
from dashboard.pipelines.states import PipelineState
from dashboard.pipelines.words import step_name
from training.resume import resume


@transaction.atomic
def cancel_pipeline(*, pipeline: Pipeline, by: Person) -> Pipeline:
    """Start nothing more and stop what is at work; what has succeeded stays.

    Raises NotAllowed, PipelineRefused.
    """
    check_lead(by, pipeline.study)
    held = _held(pipeline)
    if held.is_over:
        raise PipelineRefused(f"{held} is {held.state}; there is nothing to stop.")
    transition(held, PipelineState.CANCELLED, by=by, finished_at=Now())
    for step in pipeline_steps(held):
        if step.job is not None and not step.job.is_over:
            cancel(job=step.job, by=by)
    return _held(pipeline)


@transaction.atomic
def resume_pipeline(*, pipeline: Pipeline, by: Person) -> Pipeline:
    """Go on at the steps that failed or were stopped, in the name of `by`; completed ones are not repeated.

    A run goes on from its newest checkpoint; an evaluation is started anew and asks for nothing twice, one
    that is paused goes on. Raises NotAllowed, PipelineRefused, LaunchRefused, EvaluationRefused.
    """
    check_lead(by, pipeline.study)
    held = _held(pipeline)
    if held.state not in (PipelineState.FAILED, PipelineState.CANCELLED):
        raise PipelineRefused(f"{held} is {held.state}; only one that failed or was cancelled is resumed.")
    steps = list(pipeline_steps(held))
    stopping = next((step for step in steps if step.job and step.job.cancel_requested), None)
    if stopping is not None and stopping.job and not stopping.job.is_over:
        raise PipelineRefused(f"{step_name(stopping)} is still stopping; wait a moment, then resume.")
    transition(held, PipelineState.RUNNING, by=by, actor=by, error="", finished_at=None)
    for step in steps:
        if step.evaluation is not None and step.evaluation.is_paused:
            resume_evaluation(evaluation=step.evaluation, by=by)
        if step.state not in ENDED:
            continue
        if step.run is not None:
            resume(run=step.run, by=by)
        else:
            step.evaluation = None
            step.save(update_fields=["evaluation"])
    set_going(held)
    return held


def _held(pipeline: Pipeline) -> Pipeline:
    """The row as it stands, locked until the transaction ends."""
    return Pipeline.objects.select_for_update(of=("self",)).select_related("study").get(pk=pipeline.pk)
