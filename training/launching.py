"""Launches runs: one stage, or the whole pipeline of DSA, GBA and merge."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from consilium.audit.recording import record
from consilium.calls.models import ModelEndpoint
from consilium.jobs.queueing import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release, ReleaseKind
from curation.releasing import rows_of
from curation.states import ReleaseState
from training.job.spec import SpecError, parse
from training.models import Run, Stage


class LaunchRefused(Exception):
    """The run cannot be launched as asked; the text says what is wrong."""


@transaction.atomic
def launch(
    *,
    study: Study,
    stage: str,
    base: ModelEndpoint,
    by: Person,
    release: Release | None = None,
    specialty: str = "",
    inputs: Sequence[Run] = (),
    settings: dict[str, Any] | None = None,
    seed: int = 0,
) -> Run:
    """Put one run on the gpu queue. `inputs`: the experts of GBA; the experts and the GBA run of a merge.

    Raises NotAllowed, LaunchRefused.
    """
    check_lead(by, study)
    _check(study, Stage(stage), base, release, specialty, inputs)
    if fault := settings_fault(stage, settings or {}):
        raise LaunchRefused(f"{fault}.")
    job = enqueue(kind="training.run", by=by, study=study, params={}, max_attempts=5)
    run = Run.objects.create(
        study=study,
        stage=stage,
        specialty=specialty,
        release=release,
        release_digest=release.digest if release else "",
        base=base,
        settings=settings or {},
        seed=seed,
        job=job,
        created_by=by,
    )
    run.inputs.set(inputs)
    data = {"stage": stage, "release": run.release_digest, "base": base.name, "seed": seed}
    record(action="run.launched", obj=run, by=by, study=study, data=data)
    return run


@transaction.atomic
def launch_pipeline(
    *,
    study: Study,
    release: Release,
    base: ModelEndpoint,
    by: Person,
    settings: dict[str, dict[str, Any]] | None = None,
    seed: int = 0,
) -> list[Run]:
    """One DSA run per specialty present in the release, a GBA run on top of them, and the merge of all.

    `settings` maps a stage to its settings. Raises NotAllowed, LaunchRefused.
    """
    chosen = settings or {}

    def stage_run(stage: Stage, inputs: Sequence[Run] = (), specialty: str = "") -> Run:
        return launch(
            study=study,
            stage=stage,
            base=base,
            by=by,
            release=None if stage == Stage.MERGE else release,
            specialty=specialty,
            inputs=inputs,
            settings=chosen.get(stage),
            seed=seed,
        )

    experts = [stage_run(Stage.DSA, specialty=name) for name in specialties_of(release)]
    reinforced = stage_run(Stage.GBA, inputs=experts)
    return [*experts, reinforced, stage_run(Stage.MERGE, inputs=[*experts, reinforced])]


def specialties_of(release: Release) -> list[str]:
    """The specialties that the rows of a trace release hold, sorted."""
    return sorted(set(rows_of(release).order_by().values_list("content__specialty", flat=True)))


def _check(
    study: Study,
    stage: Stage,
    base: ModelEndpoint,
    release: Release | None,
    specialty: str,
    inputs: Sequence[Run],
) -> None:
    if not base.is_local:
        raise LaunchRefused(f"{base} is a remote endpoint; training starts from a local checkpoint.")
    if stage != Stage.MERGE:
        _check_release(study, release)
    if stage == Stage.DSA and (release is None or specialty not in specialties_of(release)):
        raise LaunchRefused("DSA trains one specialty that the release holds; choose one of those.")
    if any(run.study_id != study.pk or run.base_id != base.pk for run in inputs):
        raise LaunchRefused("Experts must come from this study and the same base model.")
    if stage != Stage.DSA and not any(run.stage == Stage.DSA for run in inputs):
        raise LaunchRefused(f"{stage.upper()} needs the runs of at least one expert.")


def settings_fault(stage: str, settings: dict[str, Any]) -> str:
    """Why the training process's own reader would refuse these settings; empty when it takes them."""
    spec: dict[str, Any] = dict.fromkeys(("base", "out", "data", "specialty"), "unused")
    try:
        parse({**spec, "stage": stage, "experts": ["unused"], "settings": settings})
    except SpecError as error:
        return str(error)
    return ""


def _check_release(study: Study, release: Release | None) -> None:
    if release is None or release.study_id != study.pk or release.kind != ReleaseKind.TRACES:
        raise LaunchRefused("Choose a trace release of this study.")
    if release.state != ReleaseState.FROZEN:
        raise LaunchRefused(f"{release} is {release.state}; only frozen releases train models.")
