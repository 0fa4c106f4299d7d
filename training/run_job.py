"""The job behind a run: starts the training process, stores what it says, registers what it made."""

import json
import math
import os
import signal
import time
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from consilium.audit.record import record
from consilium.inference.endpoints import add_endpoint, inspect_folder
from consilium.inference.models import ModelEndpoint
from consilium.jobs.handle import Cancelled, JobFailed, JobHandle, JobPostponed, WorkerStopping
from consilium.jobs.states import JobState
from consilium.refusals import Refused
from curation.releases.materialise import materialise
from curation.releases.verify import verify
from training import preconditions, run_folder
from training.attempts import OpenAttempt
from training.disk_guard import DiskGuard
from training.gba_preconditions import check_asked, questions_of
from training.job.checkpoints import listed, name_of
from training.job.files import weights_digest
from training.job.folders import BASE_ADAPTER
from training.job.judge import EVENT as JUDGE_ASKED
from training.job.numbers import NotFinite, standard_json
from training.job.step_figures import told_figures
from training.judge_desk import judge_desk
from training.model_card import write_model_cards
from training.models import AttemptEnd, Checkpoint, ProducedModel, Run, RunEvent, Stage
from training.process import TrainingProcess

DONE = 0
RETRY_SECONDS = 5
LOCK_SECONDS = 0.5
TRAINER_STATE = "trainer_state.json"  # the trainer's own account, part of every checkpoint


def follow_run(handle: JobHandle) -> dict[str, Any]:
    """The job: wait for the inputs, train, store progress, register the model. Goes on where it stopped."""
    run = Run.objects.select_related("base", "release", "study").get(job=handle.job)
    produced = ProducedModel.objects.filter(run=run).first()
    if produced is None:
        _check_inputs(run)
        _check_permissions(run)
        _check_base(run)
        done = _train(handle, run)
        write_model_cards(run, _card(run), sorted(_digests(run)))  # part of the revision that follows
        inspect_folder(
            f"{run_folder.relative(run)}/model", run.study
        )  # hashes the files before the transaction
        with transaction.atomic():
            handle.fence()
            produced = register_model(run=run, done=done)
    return {"endpoint": produced.endpoint_id, "digest": produced.digest}


def _check_inputs(run: Run) -> None:
    inputs = list(run.inputs.select_related("job"))
    for source in inputs:
        if source.job.state in (JobState.FAILED, JobState.CANCELLED):
            raise JobFailed(f"{source} has {source.job.state}, so there is nothing to build on.")
        if source.job.state != JobState.SUCCEEDED:
            raise JobPostponed(RETRY_SECONDS)
    for source in inputs:  # when all are over: nothing is hashed again at every try
        _check_weights(source)


def _check_weights(source: Run) -> None:
    """The files that this stage builds on must be those that the run registered."""
    made = source.produced.card["artifacts"]
    is_adapter = made.get("adapter") == BASE_ADAPTER  # none where all weights were trained
    part, digest = ("adapter", "adapter_digest") if is_adapter else ("model", "digest")
    if weights_digest(run_folder.folder(source) / part) != made[digest]:
        raise JobFailed(f"The weights that {source} made have changed since; launch it once more.")


def _check_permissions(run: Run) -> None:
    """What was permitted at the launch must still be: the run may have waited for days."""
    preconditions.check_base(run.study, run.base)
    preconditions.check_read(run)
    check_asked(run.study, run.release, run.stage, run.settings)


def _check_base(run: Run) -> None:
    pinned = run.base.revision
    if pinned and inspect_folder(run.base.path, run.base.study).revision != pinned:
        raise JobFailed(f"The files of the base model {run.base} have changed since it was added.")


def _train(handle: JobHandle, run: Run) -> dict[str, Any]:
    guard = DiskGuard()
    guard.check()
    lock = run_folder.hold(run, lambda: _patience(handle))
    try:
        status, done, refusal = _follow(handle, run, guard, lock)
    except NotFinite as error:
        raise JobFailed(f"The training process reported that {error}; nothing is registered.") from None
    except (Cancelled, JobPostponed):
        _list_checkpoints(run)  # what it saved when it was stopped is kept, and can be resumed from
        raise
    finally:
        os.close(lock)
    if status == DONE and done:
        return done
    if refusal:
        raise JobFailed(refusal)
    handle.check()
    if status < DONE and handle.job.attempt >= handle.job.max_attempts:
        raise JobFailed(
            f"The training process was ended by {signal.Signals(-status).name} in the last of"
            f" {handle.job.attempt} tries; a machine without enough memory does that."
        )
    raise RuntimeError(f"the training process ended with status {status}")


def _follow(handle: JobHandle, run: Run, guard: DiskGuard, lock: int) -> tuple[int, dict[str, Any], str]:
    """Exit status, the event that says what was made, and why it was refused; the last two may be empty."""
    done: dict[str, Any] = {}
    refusal, end = "", AttemptEnd.LOST
    desk = judge_desk(run.study, run.release, run.stage, run.settings, run_folder.folder(run))
    with TrainingProcess(_write_spec(run), lock) as process:
        attempt = OpenAttempt(run, process.pid)

        def look() -> None:
            handle.check()
            attempt.note()
            guard.check()

        try:
            for event in process.events(idle=look):
                if event["event"] == JUDGE_ASKED and desk is not None:
                    desk.answer(look)
                    continue
                _store(handle, run, event)
                attempt.note(event)
                guard.check()
                done = event if event["event"] == "done" else done
                refusal = event.get("message", "") if event["event"] == "failed" else refusal
            status = process.wait()
            if status >= DONE:  # else a signal ended it
                end = AttemptEnd.DONE if status == DONE and done else AttemptEnd.FAILED
        except (NotFinite, Refused):
            end = AttemptEnd.FAILED
            raise
        except (Cancelled, WorkerStopping, JobPostponed):
            process.stop()
            end = AttemptEnd.STOPPED
            raise
        finally:
            attempt.close(end)
    return status, done, refusal


def _patience(handle: JobHandle) -> None:
    """Wait a moment for the run's earlier process, which still holds the folder while it saves."""
    time.sleep(LOCK_SECONDS)
    handle.check()


def _write_spec(run: Run) -> Path:
    inputs = list(run.inputs.select_related("job").order_by("pk"))
    spec: dict[str, Any] = {
        "stage": run.stage,
        "base": str(run_folder.base_folder(run.base)),
        "out": str(run_folder.folder(run)),
        "seed": run.seed,
        "release_digest": run.release_digest,
        "settings": run.settings,
    }
    if run.release is not None:
        if problems := verify(run.release):
            raise JobFailed(f"The release no longer matches its digest: {problems[0]}")
        spec["data"] = str(materialise(run.release, run_folder.data_folder(run.release_digest)))
    if questions := questions_of(run.study, run.stage, run.settings):
        if problems := verify(questions):
            raise JobFailed(f"The dev questions no longer match their digest: {problems[0]}")
        spec["questions"] = str(materialise(questions, run_folder.data_folder(questions.digest)))
    if run.specialty:
        spec["specialty"] = run.specialty
    experts = [item for item in inputs if item.stage == Stage.DSA]
    spec["experts"] = [str(run_folder.folder(item)) for item in experts]
    reinforced = next((item for item in inputs if item.stage == Stage.GBA), None)
    if reinforced is not None:
        spec["reinforced"] = str(run_folder.folder(reinforced))
    return run_folder.write_spec(run_folder.folder(run), spec)


@transaction.atomic
def _store(handle: JobHandle, run: Run, event: dict[str, Any]) -> None:
    """One event of the process, fenced by the claim: a worker that lost its lease stores nothing."""
    handle.fence()
    kind, step = event["event"], int(event.get("step") or 0)
    if kind == "start":
        # Steps after the checkpoint are trained again: their first account goes, so that none counts twice.
        RunEvent.objects.filter(run=run, kind="step", step__gt=event.get("resumed_from", 0)).delete()
        _add_untold_steps(run, event.get("resumed_from", 0))
    if kind in ("start", "checkpoint", "done"):
        _list_checkpoints(run)
    data = {key: value for key, value in event.items() if key not in {"event", "step"}}
    _add_event(run, kind, step, data)
    if kind == "step":
        handle.progress(step, event.get("total", 0), f"step {step}")


def _add_event(run: Run, kind: str, step: int, data: dict[str, Any]) -> None:
    last = RunEvent.objects.filter(run=run).aggregate(last=Max("sequence"))["last"] or 0
    RunEvent.objects.create(run=run, sequence=last + 1, kind=kind, step=step or None, data=data)


def _add_untold_steps(run: Run, resumed_from: int) -> None:
    """Steps up to the checkpoint that nobody heard of: the worker was killed before its process saved."""
    told = set(RunEvent.objects.filter(run=run, kind="step").values_list("step", flat=True))
    state = run_folder.folder(run) / "checkpoints" / name_of(resumed_from) / TRAINER_STATE
    history = json.loads(state.read_text())["log_history"] if state.is_file() else []
    for entry in history:
        if "loss" in entry and entry["step"] <= resumed_from and entry["step"] not in told:
            # The trainer's own account may hold NaN, which the database refuses.
            data = {key: value for key, value in told_figures(entry).items() if math.isfinite(value)}
            _add_event(run, "step", entry["step"], data)


def _list_checkpoints(run: Run) -> None:
    """Make the stored list say what is complete on disk: a killed process may not have told, old ones go."""
    on_disk = {found.step: found.folder.name for found in listed(run_folder.folder(run) / "checkpoints")}
    Checkpoint.objects.filter(run=run).exclude(step__in=on_disk).delete()
    for step, name in on_disk.items():
        Checkpoint.objects.get_or_create(run=run, step=step, defaults={"name": name})


@transaction.atomic
def register_model(*, run: Run, done: dict[str, Any]) -> ProducedModel:
    """Register the produced weights as an endpoint that names the releases it was trained on, and those that
    a judge was trained on whose scores it learned from.
    """
    digests = sorted(_digests(run))
    card = _card(run)
    endpoint = add_endpoint(
        name=f"{run.study.slug}/run-{run.pk} {run.stage}{' ' + run.specialty if run.specialty else ''}",
        by=None,
        study=run.study,
        path=f"{run_folder.relative(run)}/model",
        family=run.base.family,
        outputs_may_train=run.base.outputs_may_train,
        provenance={
            "releases": sorted({*digests, *_digests_of_judges(run)}),
            "base": run.base.name,
            "run": run.pk,
        },
    )
    produced = ProducedModel.objects.create(
        run=run, endpoint=endpoint, digest=done["artifacts"]["digest"], release_digests=digests, card=card
    )
    record(
        action="run.produced",
        obj=run,
        by=None,
        study=run.study,
        data={"endpoint": endpoint.pk, "digest": produced.digest, "releases": digests},
    )
    return produced


def _card(run: Run) -> dict[str, Any]:
    try:
        card: dict[str, Any] = standard_json((run_folder.folder(run) / "run_card.json").read_text())
    except NotFinite as error:
        raise JobFailed(f"The card of {run} reports that {error}; launch it once more.") from None
    return card


def _digests(run: Run) -> set[str]:
    """The release that the run was trained on, those behind its base model, and those behind its inputs."""
    own = {run.release_digest} if run.release_digest and run.stage != Stage.MERGE else set()
    own |= set(run.base.provenance.get("releases", []))
    return own.union(*(_digests(source) for source in run.inputs.all()))


def _digests_of_judges(run: Run) -> set[str]:
    """The releases behind the judges that rewarded the run and its inputs, as far as these judges say."""
    named = ModelEndpoint.objects.filter(name=run.settings.get("judge") or "").first()
    own = set(named.provenance.get("releases", [])) if named else set()
    return own.union(*(_digests_of_judges(source) for source in run.inputs.all()))
