"""Starts a pipeline: one model from experts to its scores, or the comparison of all recipes."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from benchmark.models import EvaluationKind
from benchmark.preconditions import check_scorable
from consilium.audit.record import record
from consilium.inference.models import ModelEndpoint
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release, ReleaseKind
from dashboard.models import Pipeline, PipelineKind, PipelineStep
from dashboard.pipelines.advance import set_going
from dashboard.pipelines.plan import PlannedStep, SettingsByStage, comparison_plan, whole_plan
from training import preconditions
from training.job.spec import CANDIDATES
from training.models import Stage
from training.preconditions import LaunchRefused, settings_fault, specialties_of
from training.stage_settings import presets

MOST_SEEDS = 20


@transaction.atomic
def start_pipeline(
    *,
    study: Study,
    kind: str,
    release: Release,
    base: ModelEndpoint,
    questions: Release,
    by: Person,
    seeds: Sequence[int],
    preset: str,
    dev_questions: Release | None = None,
    preferences: Release | None = None,
    settings: SettingsByStage | None = None,
    gpus: str = "",
) -> Pipeline:
    """Store the pipeline with all its steps and start those that wait for none.

    `release`: traces; `questions`: what the models are scored on; `dev_questions`: what merge candidates are
    chosen by, without them one merge is made; `preferences`: what the two judges of a comparison learn from.
    `settings`: stage to what differs from the preset. A whole pipeline has one seed.
    Raises NotAllowed, LaunchRefused, EvaluationRefused, PipelineRefused.
    """
    check_lead(by, study)
    wanted = PipelineKind(kind)
    chosen = _settings(study, preset, settings or {}, has_dev=dev_questions is not None)
    _check_seeds(wanted, seeds)
    preconditions.gpu_queue_of(gpus)
    preconditions.check_base(study, base)
    names = specialties_of(preconditions.check_trainable(study, release))
    if not names:
        raise LaunchRefused(f"{release} holds no row that is meant for training.")
    check_scorable(study, EvaluationKind.SOLVER, questions)
    if dev_questions is not None:
        preconditions.check_questions(study, dev_questions, names)
    if preferences is not None:
        _check_preferences(study, wanted, preferences)
    pipeline = Pipeline.objects.create(
        study=study,
        kind=wanted,
        release=release,
        base=base,
        questions=questions,
        dev_questions=dev_questions,
        preferences=preferences,
        preset=preset,
        settings=chosen,
        seeds=list(seeds),
        gpus=gpus,
        actor=by,
        created_by=by,
    )
    steps = _planned(wanted, names, chosen, pipeline)
    _store(pipeline, steps)
    data: dict[str, Any] = {"kind": wanted.value, "release": release.digest, "questions": questions.digest}
    data |= {"base": base.name, "seeds": list(seeds), "preset": preset, "steps": len(steps)}
    record(action="pipeline.started", obj=pipeline, by=by, study=study, data=data)
    set_going(pipeline)
    return pipeline


def _planned(
    kind: PipelineKind, names: Sequence[str], chosen: SettingsByStage, pipeline: Pipeline
) -> list[PlannedStep]:
    has_dev = pipeline.dev_questions is not None
    if kind == PipelineKind.WHOLE:
        return whole_plan(names, chosen, pipeline.seeds[0], has_dev=has_dev)
    has_preferences = pipeline.preferences is not None
    return comparison_plan(names, chosen, pipeline.seeds, has_dev=has_dev, has_preferences=has_preferences)


def _store(pipeline: Pipeline, planned: Sequence[PlannedStep]) -> None:
    """The rows, and which needs which."""
    rows = PipelineStep.objects.bulk_create(
        PipelineStep(
            pipeline=pipeline,
            position=position,
            kind=step.kind,
            recipe=step.recipe or "",
            stage=step.stage or "",
            specialty=step.specialty,
            seed=step.seed,
            settings=step.settings,
        )
        for position, step in enumerate(planned, 1)
    )
    needs = PipelineStep.needs.through
    needs.objects.bulk_create(
        needs(from_pipelinestep=row, to_pipelinestep=rows[position - 1])
        for row, step in zip(rows, planned, strict=True)
        for position in step.needs
    )


def _settings(study: Study, name: str, changes: SettingsByStage, *, has_dev: bool) -> dict[str, Any]:
    """Preset and changes together, each stage checked by the training process's own reader."""
    offered = {preset.name: preset for preset in presets(is_teaching_set=study.is_teaching_set)}
    if name not in offered:
        raise LaunchRefused(f"There is no preset {name!r}; there are {', '.join(offered)}.")
    if unknown := sorted(set(changes) - set(Stage.values)):
        raise LaunchRefused(f"{unknown[0]!r} is no stage; settings are for {', '.join(Stage.values)}.")
    values = offered[name].values
    chosen = {str(stage): {**values.get(stage, {}), **changes.get(stage, {})} for stage in Stage.values}
    for stage, given in chosen.items():
        if fault := settings_fault(stage, given):
            raise LaunchRefused(f"{stage}.{fault}.")
    if chosen[Stage.MERGE].get("method") == CANDIDATES and not has_dev:
        raise LaunchRefused("Merge candidates are scored on dev questions: choose a release of them.")
    return chosen


def _check_seeds(kind: PipelineKind, seeds: Sequence[int]) -> None:
    for seed in seeds:
        preconditions.check_seed(seed)
    if not 0 < len(seeds) <= MOST_SEEDS:
        raise LaunchRefused(f"Name 1 to {MOST_SEEDS} seeds.")
    if len(set(seeds)) != len(seeds):
        raise LaunchRefused("Name each seed once: the same one gives the same weights.")
    if kind == PipelineKind.WHOLE and len(seeds) > 1:
        raise LaunchRefused("One pipeline takes one seed; a comparison takes several.")


def _check_preferences(study: Study, kind: PipelineKind, preferences: Release) -> None:
    if kind != PipelineKind.COMPARISON:
        raise LaunchRefused("Only a comparison trains judges; leave the preference release out.")
    preconditions.check_trainable(study, preferences, ReleaseKind.PREFERENCES)
