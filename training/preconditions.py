"""Why a run cannot be launched as asked."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from consilium.gpu_sets import ANY_GPU
from consilium.inference.models import ModelEndpoint
from consilium.inference.permissions import check_may_ask
from consilium.inference.refusals import EndpointRefused
from consilium.jobs.states import JobState
from consilium.people.models import Study
from consilium.refusals import Refused
from curation.models import Release, ReleaseKind, ReleaseRow
from curation.permissions import check_release_sources
from curation.releases.freeze import rows_of
from curation.releases.sign import check_signed
from curation.releases.withdrawn_images import check_images_stand
from curation.states import ReleaseState
from training.job.preferences import NEVER_READ
from training.job.spec import FROM_BASE, FROM_EXPERTS, PREFERENCE_STAGES, SpecError, parse_settings
from training.models import Run, Stage

LARGEST_SEED = 2**31 - 1
FEEDS: dict[Stage, frozenset[str]] = {
    Stage.DSA: frozenset(),
    Stage.GBA: frozenset({Stage.DSA.value}),
    Stage.MERGE: frozenset({Stage.DSA.value, Stage.GBA.value}),
    Stage.JUDGE_SFT: frozenset(),
    Stage.JUDGE_DPO: frozenset(),
    Stage.REWARD_MODEL: frozenset(),
}


class LaunchRefused(Refused):
    """The run cannot be launched as asked; the text says what is wrong."""


def kind_read(stage: str) -> ReleaseKind:
    """Which kind of release a stage reads; a merge reads none."""
    return ReleaseKind.PREFERENCES if stage in PREFERENCE_STAGES else ReleaseKind.TRACES


def specialties_of(release: Release) -> list[str]:
    """The specialties of which a trace release holds rows for training, sorted."""
    return [name for name in rows_per_specialty(release) if name]


def taught_specialties(runs: Iterable[Run]) -> list[str]:
    """The specialties that the experts among these runs were taught, sorted."""
    taught: set[str] = set()
    for run in runs:
        if run.stage == Stage.DSA:
            taught.update(
                [run.specialty] if run.specialty or run.release is None else specialties_of(run.release)
            )
    return sorted(taught)


def rows_per_specialty(release: Release) -> dict[str, int]:
    """How many rows for training a release holds of each specialty, sorted; "" for those without."""
    rows = rows_for_training(release).order_by()
    return dict(
        sorted(Counter(name or "" for name in rows.values_list("content__specialty", flat=True)).items())
    )


def rows_for_training(release: Release) -> "QuerySet[ReleaseRow]":
    """Of traces the rows whose use is train; of preferences all but those of use dev."""
    rows = rows_of(release)
    if release.kind == ReleaseKind.PREFERENCES:
        # A case without a use of its own is not "unlike dev" to a database: there it is unknown.
        return rows.filter(Q(content__split__isnull=True) | ~Q(content__split=NEVER_READ))
    return rows.filter(content__split="train")


def check_base(study: Study, base: ModelEndpoint) -> None:
    """Raise LaunchRefused unless training in this study may start from the endpoint's weights."""
    if not base.is_local:
        raise LaunchRefused(f"{base} is a remote endpoint; training starts from a local checkpoint.")
    try:
        check_may_ask(base, study=study)
    except EndpointRefused as refusal:
        raise LaunchRefused(str(refusal)) from None


def check_trainable(study: Study, release: Release | None, kind: ReleaseKind = ReleaseKind.TRACES) -> Release:
    """Raise LaunchRefused or ReleaseUnsigned unless models may be trained on the release now; return it."""
    if release is None or release.study_id != study.pk or release.kind != kind:
        raise LaunchRefused(f"Choose a {kind.label.lower()} of this study.")
    if release.state != ReleaseState.FROZEN:
        raise LaunchRefused(f"{release} is {release.state}; only frozen releases train models.")
    check_images_stand(release)
    check_signed(release)
    check_release_sources(release, "may_train")
    if kind == ReleaseKind.PREFERENCES:
        _check_outputs_may_train(release)
    return release


def _check_outputs_may_train(release: Release) -> None:
    """Whoever learns from preferences learns from the answers of the models that were compared."""
    rows = rows_of(release).order_by()
    names = {
        name for key in ("model_a", "model_b") for name in rows.values_list(f"content__{key}", flat=True)
    }
    mute = ModelEndpoint.objects.filter(name__in=names - {None}, outputs_may_train=False).first()
    if mute is not None:
        raise LaunchRefused(
            f"{release} holds answers of {mute}, which does not permit training on its outputs"
            " (rule outputs_may_train)."
        )


def check_questions(study: Study, release: Release | None, specialties: Iterable[str]) -> Release:
    """Raise LaunchRefused or ReleaseUnsigned unless merges of these experts may be chosen on the release."""
    if release is None or release.study_id != study.pk or release.kind != ReleaseKind.QUESTIONS:
        raise LaunchRefused("Merge candidates are scored on dev questions: choose a release of them.")
    if release.state != ReleaseState.FROZEN:
        raise LaunchRefused(f"{release} is {release.state}; only frozen releases choose a merge.")
    if rows_of(release).exclude(content__split="dev").exists():
        raise LaunchRefused(f"{release} holds questions that are not for dev; gains are reported on those.")
    rows = rows_of(release).exclude(content__options={}).order_by()
    held = set(rows.values_list("content__specialty", flat=True).distinct())
    if missing := sorted(set(specialties) - held):
        raise LaunchRefused(
            f"{release} holds no dev question with options of {', '.join(missing)}; all are scored."
        )
    check_images_stand(release)
    check_signed(release)
    return release


def check_read(run: Run) -> None:
    """Raise LaunchRefused or ReleaseUnsigned unless the run may still read its release, if it reads any."""
    if run.stage == Stage.MERGE and run.release is not None:
        check_questions(run.study, run.release, taught_specialties(run.inputs.all()))
    elif run.release is not None:
        check_trainable(run.study, run.release, kind_read(run.stage))


def check_specialty(stage: Stage, release: Release | None, specialty: str) -> None:
    """Raise LaunchRefused unless DSA names one specialty of the release or none, and no other stage any.

    Without one DSA trains on every row.
    """
    if stage != Stage.DSA:
        if specialty:
            raise LaunchRefused(f"Only DSA trains one specialty; {stage.short} takes none.")
        return
    held = rows_per_specialty(release) if release else {}
    if not held or (specialty and specialty not in held):
        raise LaunchRefused(
            "DSA trains one specialty that the release holds, or all together; choose one of those: "
            f"{', '.join(filter(None, held)) or 'there is none, because no row is meant for training'}."
        )


def check_inputs(
    study: Study, stage: Stage, base: ModelEndpoint, inputs: Sequence[Run], start_from: str = FROM_EXPERTS
) -> None:
    """Raise LaunchRefused unless the stage can build on these runs; `start_from`: of GBA, its setting."""
    if start_from == FROM_BASE:
        if inputs:
            raise LaunchRefused(
                "This run starts from the base, so it takes no experts: choose none, or set start_from to"
                " experts."
            )
        return
    if any(run.study_id != study.pk or run.base_id != base.pk for run in inputs):
        raise LaunchRefused("The runs to build on must come from this study and the same base model.")
    wrong = next((run for run in inputs if run.stage not in FEEDS[stage]), None)
    if wrong is not None:
        raise LaunchRefused(f"{_sentence(stage)} cannot build on {wrong}.")
    over = next((run for run in inputs if run.job.state in (JobState.FAILED, JobState.CANCELLED)), None)
    if over is not None:
        raise LaunchRefused(f"{over} has {over.job.state}, so there is nothing to build on.")
    if FEEDS[stage] and not any(run.stage == Stage.DSA for run in inputs):
        way_out = " Choose some, or set start_from to base." if stage == Stage.GBA else ""
        raise LaunchRefused(f"{_sentence(stage)} needs the runs of at least one expert.{way_out}")
    experts = [run.specialty for run in inputs if run.stage == Stage.DSA]
    if len(set(experts)) != len(experts) or ("" in experts and len(experts) > 1):
        raise LaunchRefused(
            f"{_sentence(stage)} takes one expert per specialty, or one of all, or some rows would count"
            " twice."
        )
    if sum(run.stage == Stage.GBA for run in inputs) > 1:
        raise LaunchRefused("A merge takes the run of one GBA model, not of several.")


def _sentence(stage: Stage) -> str:
    return f"{stage.short[:1].upper()}{stage.short[1:]}"


def check_seed(seed: int) -> None:
    """Raise LaunchRefused unless the trainer can take this seed."""
    if not 0 <= seed <= LARGEST_SEED:
        raise LaunchRefused(f"The seed must lie between 0 and {LARGEST_SEED}.")


def gpu_queue_of(gpus: str) -> str:
    """The queue of the named set of GPUs; any gpu worker's when no set is named. Raises LaunchRefused."""
    if not gpus:
        return ANY_GPU
    for one in settings.GPU_SETS:
        if one.name == gpus:
            return str(one.queue)
    known = ", ".join(one.name for one in settings.GPU_SETS) or "none"
    raise LaunchRefused(f"There is no set of GPUs named {gpus!r}; the sets of this site: {known}.")


def settings_fault(stage: str, chosen: dict[str, Any]) -> str:
    """Why the training process's own reader would refuse these settings; empty when it takes them."""
    try:
        parse_settings(stage, chosen)
    except SpecError as error:
        return str(error)
    odd = (key for key, value in chosen.items() if isinstance(value, float) and not math.isfinite(value))
    return next((f"settings.{key}: must be a finite number" for key in odd), "")


def read_assignment(text: str) -> tuple[str, Any]:
    """`key=value` of a command line with the value as JSON where it is JSON, else as text.

    Raises LaunchRefused without a key or a value.
    """
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise LaunchRefused(f"--set takes KEY=VALUE, not {text!r}.")
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):
        return key, value
