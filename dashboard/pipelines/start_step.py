"""Starts one step: the run or the evaluation behind it, in the name of whoever answers for the pipeline."""

from django.db.models import QuerySet

from benchmark.launch import evaluate
from benchmark.models import Evaluation, EvaluationKind
from consilium.answers import option_letters, solver_prompt
from consilium.inference.models import ModelEndpoint
from consilium.jobs.states import JobState
from curation.models import Release
from dashboard.models import Pipeline, PipelineStep, StepKind
from dashboard.pipelines.compute import equal_settings
from training.job.spec import CANDIDATES, PREFERENCE_STAGES
from training.launch import launch
from training.models import Run, Stage

LIVE = (JobState.QUEUED, JobState.RUNNING)


def start_step(pipeline: Pipeline, step: PipelineStep) -> None:
    """Launch what the step stands for and link it; the caller holds the pipeline's row.

    Raises Refused: NotAllowed, LaunchRefused, EvaluationRefused and what they ask.
    """
    if step.kind == StepKind.RUN:
        step.run = _launched(pipeline, step)
    else:
        step.evaluation = _scored_before(pipeline, step) or _scored(pipeline, step)
    step.save(update_fields=["run", "evaluation"])


def is_answered_elsewhere(pipeline: Pipeline, step: PipelineStep) -> bool:
    """Whether the step waits for an evaluation of its model that somebody else has started."""
    return (
        step.kind == StepKind.EVALUATION and _evaluations(pipeline, step).filter(job__state__in=LIVE).exists()
    )


def release_read(pipeline: Pipeline, step: PipelineStep) -> Release | None:
    """What a run reads."""
    if step.stage == Stage.MERGE:
        return pipeline.dev_questions if step.settings.get("method") == CANDIDATES else None
    return pipeline.preferences if step.stage in PREFERENCE_STAGES else pipeline.release


def _launched(pipeline: Pipeline, step: PipelineStep) -> Run:
    needed = [need.run for need in step.needs.select_related("run__job").order_by("position") if need.run]
    settings, inputs = equal_settings(step, needed)
    return launch(
        study=pipeline.study,
        stage=step.stage,
        base=pipeline.base,
        by=pipeline.actor,
        release=release_read(pipeline, step),
        specialty=step.specialty,
        inputs=inputs,
        settings=settings,
        seed=step.seed,
        gpus=pipeline.gpus,
    )


def _scored(pipeline: Pipeline, step: PipelineStep) -> Evaluation:
    (made,) = evaluate(
        study=pipeline.study,
        kind=EvaluationKind.SOLVER,
        release=pipeline.questions,
        endpoints=[_model(pipeline, step)],
        by=pipeline.actor,
    )
    return made


def _scored_before(pipeline: Pipeline, step: PipelineStep) -> Evaluation | None:
    """The newest whole evaluation of the same model on the same questions, asked and read as now."""
    same = _evaluations(pipeline, step).filter(
        job__state=JobState.SUCCEEDED,
        release_digest=pipeline.questions.digest,
        prompt_sha256=solver_prompt.PROMPT_HASH,
        parser_version=option_letters.PARSER_VERSION,
        settings__max_tokens=pipeline.study.settings.answer_tokens_max,
    )
    return same.order_by("-pk").first()


def _evaluations(pipeline: Pipeline, step: PipelineStep) -> "QuerySet[Evaluation]":
    return Evaluation.objects.filter(
        kind=EvaluationKind.SOLVER, release=pipeline.questions, endpoint=_model(pipeline, step)
    )


def _model(pipeline: Pipeline, step: PipelineStep) -> ModelEndpoint:
    """The model that the step scores: that of the run it needs, or the base."""
    for need in step.needs.select_related("run__produced__endpoint"):
        assert need.run is not None
        return need.run.produced.endpoint
    return pipeline.base
