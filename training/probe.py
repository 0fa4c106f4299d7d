"""An estimate before a launch: a job of its own trains a few steps and tells what a run takes."""

import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from django.conf import settings as django_settings
from django.db import transaction

from consilium.atomic_folder import remove_folder
from consilium.disk_space import check_disk_space, disk_space
from consilium.inference.models import ModelEndpoint
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from curation.models import Release
from curation.releases.materialise import materialise
from curation.traces.tokens import counter_for
from training import preconditions, run_folder
from training.gba_preconditions import check_asked
from training.job.judge import EVENT as JUDGE_ASKED
from training.job.spec import FROM_BASE
from training.judge_desk import JudgeDesk, judge_desk
from training.meter import Meter
from training.models import Stage
from training.preconditions import LaunchRefused, settings_fault
from training.process import TrainingProcess
from training.shown_samples import shown_texts
from training.stage_settings import defaults_of

PROBE: Final = "training.probe"
STEPS: Final = 4
TRIED_OUT: Final = tuple(stage for stage in Stage.values if stage != Stage.MERGE)
COUNTED_ROWS: Final = 200
WEIGHTS: Final = "*.safetensors"
# What only some steps do, which four steps say nothing about, and where GBA starts.
UNMEASURED: Final = {
    # From the base: the experts may still be in training, and steps take as long from either.
    Stage.GBA.value: {"evaluate_every": 0, "samples_every": 0, "drift_every": 0, "start_from": FROM_BASE}
}


@dataclass(slots=True)
class Measured:
    """What a few steps showed; seconds since the process was started."""

    total_steps: int = 0
    began: float = 0.0
    at: list[float] = field(default_factory=list)
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What a run would take. `seconds` is without the writing of the finished model; bytes at the highest."""

    steps: int
    step_seconds: float
    seconds: float
    text_tokens: int
    memory_bytes: int
    gpu_bytes: int | None
    checkpoint_bytes: int
    disk_bytes: int
    free_bytes: int


@transaction.atomic
def start_probe(
    *,
    study: Study,
    stage: str,
    release: Release,
    base: ModelEndpoint,
    by: Person,
    specialty: str = "",
    settings: dict[str, Any] | None = None,
    seed: int = 0,
    gpus: str = "",
) -> Job:
    """Put the probe of one run that takes steps on the gpu queue. Raises NotAllowed, LaunchRefused."""
    check_lead(by, study)
    chosen = settings or {}
    if stage not in TRIED_OUT:
        raise LaunchRefused("Only stages that take steps can be tried out; a merge takes none.")
    preconditions.check_base(study, base)
    preconditions.check_trainable(study, release, preconditions.kind_read(stage))
    preconditions.check_specialty(Stage(stage), release, specialty)
    preconditions.check_seed(seed)
    if fault := settings_fault(stage, chosen):
        raise LaunchRefused(f"{fault}.")
    check_asked(study, release, stage, chosen)
    queue = preconditions.gpu_queue_of(gpus)
    params = {"stage": stage, "release": release.pk, "base": base.pk, "specialty": specialty, "gpus": gpus}
    given = {**params, "settings": chosen, "seed": seed}
    return enqueue(kind=PROBE, by=by, study=study, params=given, queue=queue)


def run_probe(handle: JobHandle) -> dict[str, Any]:
    """The job: train a few steps in a folder of its own, measure, and leave nothing behind."""
    job = handle.job
    study = job.study
    assert study is not None
    release = Release.objects.get(study=study, pk=handle.params["release"])
    base = ModelEndpoint.objects.for_study(study).get(pk=handle.params["base"])
    preconditions.check_base(study, base)
    stage, settings = handle.params["stage"], handle.params["settings"]
    preconditions.check_trainable(study, release, preconditions.kind_read(stage))
    check_asked(study, release, stage, settings)
    check_disk_space()
    place = Path(django_settings.CONSILIUM_HOME) / "probes" / str(job.pk)
    remove_folder(place)
    place.mkdir(parents=True)
    lock = os.open(place / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        desk = judge_desk(study, release, stage, settings, place / "out")
        measured, meter = _try_out(handle, _spec(handle, release, base, place), lock, desk)
        return asdict(_estimate(handle, measured, meter, release, base, place))
    finally:
        os.close(lock)
        remove_folder(place)


def _spec(handle: JobHandle, release: Release, base: ModelEndpoint, place: Path) -> Path:
    params = handle.params
    spec = {
        "stage": params["stage"],
        "base": str(run_folder.base_folder(base)),
        "out": str(place / "out"),
        "data": str(materialise(release, run_folder.data_folder(release.digest))),
        "seed": params["seed"],
        "release_digest": release.digest,
        # Nothing is saved but what it saves when it is stopped: that is measured, too.
        "settings": {**params["settings"], "checkpoint_every": 10**9, **UNMEASURED.get(params["stage"], {})},
        **({"specialty": params["specialty"]} if params["specialty"] else {}),
    }
    return run_folder.write_spec(place, spec)


def _try_out(handle: JobHandle, spec: Path, lock: int, desk: JudgeDesk | None) -> tuple[Measured, Meter]:
    measured, begun = Measured(), time.monotonic()
    with TrainingProcess(spec, lock) as process:
        meter = Meter(process.pid)

        def look() -> None:
            handle.check()
            meter.read()

        for event in process.events(idle=look):
            look()
            if event["event"] == JUDGE_ASKED and desk is not None:
                desk.answer(look)
            elif event["event"] == "start":
                measured.total_steps, measured.began = int(event["total_steps"]), time.monotonic() - begun
            elif event["event"] == "step":
                measured.at.append(time.monotonic() - begun)
                handle.progress(len(measured.at), STEPS, f"step {len(measured.at)} of {STEPS}")
            measured.refusal = event.get("message", "") if event["event"] == "failed" else measured.refusal
            if len(measured.at) >= STEPS:
                break
        meter.look_now()
    return measured, meter


def _estimate(
    handle: JobHandle, measured: Measured, meter: Meter, release: Release, base: ModelEndpoint, place: Path
) -> RunEstimate:
    if len(measured.at) < 2:
        raise JobFailed(
            measured.refusal or "The run ended before its second step, so there is nothing to measure."
        )
    # The first step warms up; it counts once.
    step = median(later - earlier for earlier, later in zip(measured.at, measured.at[1:], strict=False))
    saved = _bytes(place / "out" / "checkpoints", "**/*")
    weights = _bytes(run_folder.base_folder(base), WEIGHTS)
    kept = {**defaults_of(handle.params["stage"]), **handle.params["settings"]}["keep_checkpoints"]
    return RunEstimate(
        steps=measured.total_steps,
        step_seconds=round(step, 4),
        seconds=round(measured.at[0] + step * max(0, measured.total_steps - 1), 1),
        text_tokens=_text_tokens(handle, release, base),
        memory_bytes=meter.memory_bytes,
        gpu_bytes=meter.gpu_bytes,
        checkpoint_bytes=saved,
        # A new checkpoint is whole before the oldest goes; the model is written beside its last name.
        disk_bytes=saved * (int(kept) + 1) + weights,
        free_bytes=disk_space().free,
    )


def _text_tokens(handle: JobHandle, release: Release, base: ModelEndpoint) -> int:
    """Tokens of all texts in one epoch, from the first rows; those of the images come on top."""
    params = handle.params
    texts, rows = shown_texts(release, params["stage"], params["specialty"], params["settings"], COUNTED_ROWS)
    count = counter_for(base)
    counted = [sum(map(count, of_row)) for of_row in texts]
    return round(rows * sum(counted) / len(counted)) if counted else 0


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern) if path.is_file())
