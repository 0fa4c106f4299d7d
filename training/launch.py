"""Launches runs: one stage, or the whole pipeline of DSA, GBA and merge."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction

from consilium.answers.paradigm_scores import PROMPT_VERSION
from consilium.audit.record import record
from consilium.inference.models import ModelEndpoint
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release
from training import preconditions
from training.gba_preconditions import check_asked, judge_of
from training.job.spec import CANDIDATES, FROM_EXPERTS
from training.models import Run, Stage
from training.preconditions import LaunchRefused, settings_fault, specialties_of

KIND: Final = "training.run"
ATTEMPTS: Final = 5


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
    gpus: str = "",
) -> Run:
    """Put one run on the gpu queue. `inputs`: the experts of GBA; the experts and the GBA run of a merge;
    `gpus`: the set of GPUs that it is to use, any when empty.

    `release`: traces, or of merge candidates dev questions. `specialty`: of DSA; empty: all together.

    Raises NotAllowed, LaunchRefused.
    """
    check_lead(by, study)
    chosen = settings or {}
    _check(study, Stage(stage), base, release, specialty, inputs, chosen)
    preconditions.check_seed(seed)
    if fault := settings_fault(stage, chosen):
        raise LaunchRefused(f"{fault}.")
    check_asked(study, release, stage, chosen)
    queue = preconditions.gpu_queue_of(gpus)
    job = enqueue(kind=KIND, by=by, study=study, params={}, max_attempts=ATTEMPTS, queue=queue)
    run = Run.objects.create(
        study=study,
        stage=stage,
        specialty=specialty,
        release=release,
        release_digest=release.digest if release else "",
        base=base,
        settings=chosen,
        seed=seed,
        job=job,
        created_by=by,
    )
    run.inputs.set(inputs)
    data = {"stage": stage, "release": run.release_digest, "base": base.name, "seed": seed}
    if judge := judge_of(study, stage, chosen):
        # Its name alone is in the settings, and a name may come to mean another model.
        data |= {"judge": judge.name, "judge_revision": judge.revision, "judge_prompt": PROMPT_VERSION}
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
    gpus: str = "",
    questions: Release | None = None,
) -> list[Run]:
    """One DSA run per specialty present in the release, a GBA run on top of them, and the merge of all.

    `settings` maps a stage to its settings; `questions`: the dev questions of merge candidates.
    Raises NotAllowed, LaunchRefused.
    """
    chosen = settings or {}
    if unknown := sorted(set(chosen) - set(Stage.values)):
        raise LaunchRefused(f"{unknown[0]!r} is no stage; settings are for {', '.join(Stage.values)}.")

    def stage_run(stage: Stage, inputs: Sequence[Run] = (), specialty: str = "") -> Run:
        return launch(
            study=study,
            stage=stage,
            base=base,
            by=by,
            release=questions if stage == Stage.MERGE else release,
            specialty=specialty,
            inputs=inputs,
            settings=chosen.get(stage),
            seed=seed,
            gpus=gpus,
        )

    names = specialties_of(preconditions.check_trainable(study, release))
    if not names:
        raise LaunchRefused(f"{release} holds no row that is meant for training.")
    experts = [stage_run(Stage.DSA, specialty=name) for name in names]
    reinforced = stage_run(Stage.GBA, inputs=experts)
    return [*experts, reinforced, stage_run(Stage.MERGE, inputs=[*experts, reinforced])]


def _check(
    study: Study,
    stage: Stage,
    base: ModelEndpoint,
    release: Release | None,
    specialty: str,
    inputs: Sequence[Run],
    settings: dict[str, Any],
) -> None:
    preconditions.check_base(study, base)
    if stage != Stage.MERGE:
        preconditions.check_trainable(study, release, preconditions.kind_read(stage))
    elif settings.get("method") == CANDIDATES:
        preconditions.check_questions(study, release, preconditions.taught_specialties(inputs))
    elif release is not None:
        raise LaunchRefused(
            "A merge by one method reads the runs that it merges, not a release; choose the method"
            " candidates, or no questions."
        )
    preconditions.check_specialty(stage, release, specialty)
    preconditions.check_inputs(study, stage, base, inputs, settings.get("start_from", FROM_EXPERTS))
