"""The job behind a run, with the real training process: told, stored, stopped, killed and resumed."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from consilium.audit.models import AuditEvent
from consilium.disk_space import DiskSpace
from consilium.inference.models import ModelEndpoint
from consilium.jobs.cancel import cancel
from consilium.jobs.claim import claim, claim_next
from consilium.jobs.handle import JobFailed, JobHandle
from consilium.jobs.lease import Lease
from consilium.jobs.models import Job
from consilium.jobs.run import run_claimed, run_now
from consilium.jobs.states import JobState
from consilium.people.permissions import NotAllowed
from consilium.refusals import Refused
from consilium.version import app_version
from curation.models import Release, ReleaseKind, Source
from curation.releases.freeze import freeze, withdraw_release
from curation.releases.materialise import materialise
from tests.factories import training as making
from tests.factories.cast import Cast
from tests.factories.curation import source
from tests.harness.servers import wait_until
from tests.training import watching, worker
from training import run_folder, run_job
from training.curves import curves
from training.job.data import load
from training.job.spec import parse_spec
from training.launch import ATTEMPTS, launch, launch_pipeline
from training.models import AttemptEnd, Checkpoint, ProducedModel, Run, RunAttempt, RunEvent
from training.preconditions import LaunchRefused
from training.resume import resume


def launched(cast: Cast, release: Release | None, base: ModelEndpoint, **changes: Any) -> Run:
    wanted: dict[str, Any] = {
        "study": cast.study,
        "stage": "dsa",
        "release": release,
        "base": base,
        "by": cast.lena,
    }
    return launch(**wanted | {"specialty": making.PEDIATRICS, "settings": making.QUICK, "seed": 5} | changes)


def told(run: Run, kind: str) -> list[RunEvent]:
    return list(RunEvent.objects.filter(run=run, kind=kind))


def assert_every_step_once(run: Run) -> None:
    steps = list(
        RunEvent.objects.filter(run=run, kind="step").order_by("step").values_list("step", flat=True)
    )
    assert steps == list(range(1, making.STEPS + 1))


def assert_as_undisturbed(run: Run, undisturbed: dict[str, Any]) -> None:
    """Weights, events and registration are those of a run that nothing happened to."""
    produced = ProducedModel.objects.get(run=run)
    assert produced.digest == undisturbed["artifacts"]["digest"]
    assert produced.card["artifacts"]["adapter_digest"] == undisturbed["artifacts"]["adapter_digest"]
    assert_every_step_once(run)
    assert ModelEndpoint.objects.filter(path__startswith="runs/").count() == 1
    assert watching.processes(run_folder.folder(run)) == []


def test_a_killed_run_goes_on_from_its_checkpoint_and_registers_its_model_once(
    cast: Cast, release: Release, base: ModelEndpoint, undisturbed: dict[str, Any]
) -> None:
    run = launched(cast, release, base)
    killer = watching.KillAtCheckpoint(run)
    killer.start()
    job = run_now(run.job)
    killer.join()
    assert killer.killed
    assert (job.state, job.attempt, job.error) == (JobState.SUCCEEDED, 2, "")
    assert (job.progress_done, job.progress_total) == (making.STEPS, making.STEPS)
    first, second = told(run, "start")
    assert first.data["resumed_from"] == 0
    assert 0 < second.data["resumed_from"] < making.STEPS
    assert_as_undisturbed(run, undisturbed)
    lost, done = RunAttempt.objects.filter(run=run)
    assert (lost.end, lost.first_step) == (AttemptEnd.LOST, 1)
    assert (done.end, done.last_step) == (AttemptEnd.DONE, making.STEPS)
    assert done.first_step == second.data["resumed_from"] + 1
    assert min(lost.seconds, done.seconds, done.memory_bytes) > 0
    assert done.hardware["cores"] > 0
    assert done.software["version"] == app_version()
    assert all(event.data["loss"] > 0 for event in told(run, "step"))
    assert [chart.count("Loss") > 0 for chart in curves(run)] == [True, False]  # learning rate, no reward
    kept = [(found.step, found.name) for found in Checkpoint.objects.filter(run=run)]
    assert kept == [(18, "step-000018"), (24, "step-000024")]
    endpoint = ProducedModel.objects.get(run=run).endpoint
    assert endpoint.provenance == {"releases": [release.digest], "base": base.name, "run": run.pk}
    assert (endpoint.study, endpoint.family) == (cast.study, "gemma3")
    assert (settings.MODELS_FOLDER / endpoint.path / "config.json").is_file()
    assert AuditEvent.objects.filter(action="run.produced", data__digest=job.result["digest"]).count() == 1

    # Once more, as after a worker that died before it could say so: nothing is trained or registered again.
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED)
    events = RunEvent.objects.count()
    assert run_now(job).result == {"endpoint": endpoint.pk, "digest": endpoint.produced_by.digest}
    assert RunEvent.objects.count() == events
    assert_as_undisturbed(run, undisturbed)


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_no_process_and_the_next_one_goes_on(
    cast: Cast, release: Release, base: ModelEndpoint, home: Path, undisturbed: dict[str, Any]
) -> None:
    run = launched(cast, release, base)
    folder = run_folder.folder(run)
    with worker.working_on(run.job_id, home) as first:
        watching.wait_for_checkpoint(folder)
        assert watching.processes(folder)
        worker.kill(first)
        wait_until(lambda: not watching.processes(folder), seconds=60, what="the training process has ended")
    run.job.refresh_from_db()
    assert run.job.state == JobState.RUNNING
    with worker.working_on(run.job_id, home) as second:
        assert second.wait(120) == 0, (home / "worker.log").read_text()[-2000:]
    run.job.refresh_from_db()
    assert (run.job.state, run.job.attempt) == (JobState.SUCCEEDED, 2)
    assert told(run, "start")[-1].data["resumed_from"] > 0
    assert_as_undisturbed(run, undisturbed)


def test_a_run_whose_process_always_dies_fails_and_the_next_one_has_its_turn(
    cast: Cast, release: Release, base: ModelEndpoint, settings: Any
) -> None:
    settings.TRAINER, settings.JOB_RETRY_SECONDS = ["/bin/sh", "-c", "kill -9 $$"], 0
    run, other = launched(cast, release, base), launched(cast, release, base, seed=6)
    job = run_now(run.job)
    assert (job.state, job.attempt) == (JobState.FAILED, ATTEMPTS)
    assert job.error.startswith("The training process was ended by SIGKILL in the last of 5 tries;")
    ends = RunAttempt.objects.filter(run=run).values_list("end", flat=True)
    assert list(ends) == [AttemptEnd.LOST] * ATTEMPTS
    assert watching.processes(run_folder.folder(run)) == []
    assert not ProducedModel.objects.exists()
    turn = claim_next(["gpu"])
    assert turn is not None
    assert turn.pk == other.job_id


def test_stopping_a_run_saves_and_ends_its_process_and_it_can_be_resumed(
    cast: Cast, release: Release, base: ModelEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = launched(cast, release, base, settings=making.QUICK | {"max_steps": 2000, "checkpoint_every": 2000})
    store = run_job._store
    heard: list[int] = []

    def store_and_stop(handle: JobHandle, one: Run, event: dict[str, Any]) -> None:
        store(handle, one, event)
        heard.extend([event["step"]] if event["event"] == "step" else [])
        if len(heard) == 2:
            cancel(job=handle.job, by=cast.lena)

    monkeypatch.setattr(run_job, "_store", store_and_stop)
    job = run_now(run.job)
    assert job.state == JobState.CANCELLED
    assert watching.processes(run_folder.folder(run)) == []
    assert len(list((run_folder.folder(run) / "checkpoints").glob("step-*/COMPLETE"))) == 1
    assert not ProducedModel.objects.exists()
    # The folder is free again for whoever comes next.
    os.close(run_folder.hold(run, lambda: pytest.fail("the folder is still held")))
    (kept,) = Checkpoint.objects.filter(run=run)
    assert kept.step >= 2

    with pytest.raises(NotAllowed):
        resume(run=run, by=cast.anna)
    resume(run=run, by=cast.lena)
    with pytest.raises(LaunchRefused, match="is queued; only a run that failed or was stopped"):
        resume(run=run, by=cast.lena)
    assert run.job != job
    attempt = RunAttempt.objects.get(run=run)
    assert (attempt.end, attempt.first_step) == (AttemptEnd.STOPPED, 1)
    assert AuditEvent.objects.get(action="run.resumed").data == {"earlier_job": str(job.pk)}


def test_a_run_whose_disk_fills_up_stops_with_a_checkpoint_says_so_and_goes_on(
    cast: Cast,
    release: Release,
    base: ModelEndpoint,
    undisturbed: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = launched(cast, release, base)
    store, heard = run_job._store, []
    free = [100]

    def store_and_fill(handle: JobHandle, one: Run, event: dict[str, Any]) -> None:
        store(handle, one, event)
        heard.append(event["event"])
        if event["event"] == "step" and heard.count("step") == 2:
            free[0] = 4

    monkeypatch.setattr(run_job, "_store", store_and_fill)
    monkeypatch.setattr("training.disk_guard.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("training.disk_guard._space_of_models", lambda: DiskSpace(free[0], 100))
    job = run_now(run.job)
    assert (job.state, job.attempt) == (JobState.QUEUED, 0)
    assert "The disk of the models folder is nearly full: 4%" in job.postponed_because
    assert Checkpoint.objects.filter(run=run).exists()
    assert RunAttempt.objects.get(run=run).end == AttemptEnd.STOPPED
    assert run_now(job).state == JobState.QUEUED, "there is still no room"
    assert RunAttempt.objects.filter(run=run).count() == 1, "nothing was started"
    free[0] = 50
    (kept,) = Checkpoint.objects.filter(run=run)
    assert run_now(job).state == JobState.SUCCEEDED
    assert_as_undisturbed(run, undisturbed)
    first_steps = list(RunAttempt.objects.filter(run=run).values_list("first_step", flat=True))
    assert first_steps == [1, kept.step + 1]


def test_a_run_is_resumed_after_those_that_it_builds_on(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    expert = launched(cast, release, base)
    run = launched(cast, release, base, stage="gba", specialty="", settings={}, inputs=[expert])
    for one in (expert, run):
        cancel(job=one.job, by=cast.lena)
        one.job.refresh_from_db()
    with pytest.raises(LaunchRefused, match="which did not finish; resume that one first"):
        resume(run=run, by=cast.lena)
    resume(run=expert, by=cast.lena)
    resume(run=run, by=cast.lena)
    Source.objects.update(may_train=False)
    cancel(job=expert.job, by=cast.lena)
    expert.job.refresh_from_db()
    with pytest.raises(Refused, match="may_train"):
        resume(run=expert, by=cast.lena)


def test_a_run_waits_for_its_inputs_and_the_try_does_not_count(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    expert = launched(cast, release, base)
    run = launched(cast, release, base, stage="gba", specialty="", settings={}, inputs=[expert])
    held = claim(run.job_id)
    assert held is not None
    assert run_claimed(held)
    run.job.refresh_from_db()
    assert (run.job.state, run.job.attempt) == (JobState.QUEUED, 0)
    assert run.job.not_before is not None


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_run_whose_input_is_lost_fails_and_names_it(
    cast: Cast, release: Release, base: ModelEndpoint, state: JobState
) -> None:
    expert = launched(cast, release, base)
    run = launched(cast, release, base, stage="gba", specialty="", settings={}, inputs=[expert])
    Job.objects.filter(pk=expert.job_id).update(state=state)
    job = run_now(run.job)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error == f"{expert} has {state}, so there is nothing to build on."


def test_an_input_whose_weights_changed_is_not_built_on(
    cast: Cast, release: Release, base: ModelEndpoint, direct: tuple[Path, dict[str, Any]]
) -> None:
    expert, (trained, card) = launched(cast, release, base), direct
    shutil.copytree(trained.with_name("out"), run_folder.folder(expert))
    run_job.register_model(run=expert, done=card)
    Job.objects.filter(pk=expert.job_id).update(state=JobState.SUCCEEDED)
    run = launched(cast, None, base, stage="merge", specialty="", settings={}, inputs=[expert])
    run_job._check_inputs(run)  # as it was made, it may be built on
    (weights,) = (run_folder.folder(expert) / "adapter").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    job = run_now(run.job)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error == f"The weights that {expert} made have changed since; launch it once more."
    assert not told(run, "start")


def test_an_expert_without_an_adapter_is_built_on_by_its_model(
    cast: Cast, release: Release, base: ModelEndpoint, direct: tuple[Path, dict[str, Any]]
) -> None:
    """As where all weights were trained."""
    expert, (trained, card) = launched(cast, release, base), direct
    folder = run_folder.folder(expert)
    shutil.copytree(trained.with_name("out"), folder)
    shutil.rmtree(folder / "adapter")
    whole = {name: value for name, value in card["artifacts"].items() if "adapter" not in name}
    (folder / "run_card.json").write_text(json.dumps(card | {"artifacts": whole}))
    run_job.register_model(run=expert, done=card)
    Job.objects.filter(pk=expert.job_id).update(state=JobState.SUCCEEDED)
    run = launched(cast, None, base, stage="merge", specialty="", settings={}, inputs=[expert])
    run_job._check_inputs(run)
    (weights,) = (folder / "model").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(JobFailed, match="have changed since"):
        run_job._check_inputs(run)


def test_a_release_withdrawn_meanwhile_trains_nothing(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    run = launched(cast, release, base)
    withdraw_release(release=release, reason="A patient objected.", by=cast.lena)
    job = run_now(run.job)
    assert job.state == JobState.FAILED
    assert "is withdrawn; only frozen releases train models" in job.error


def test_a_permission_that_was_taken_back_meanwhile_trains_nothing(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    first, second = launched(cast, release, base), launched(cast, release, base)
    Source.objects.update(may_train=False)
    assert "rule may_train" in run_now(first.job).error
    Source.objects.update(may_train=True)
    ModelEndpoint.objects.update(is_active=False)
    job = run_now(second.job)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert "no longer in use" in job.error


def test_a_base_model_that_changed_trains_nothing(
    cast: Cast, release: Release, base: ModelEndpoint, home: Path
) -> None:
    ModelEndpoint.objects.filter(pk=base.pk).update(revision="0" * 64)
    job = run_now(launched(cast, release, base).job)
    assert job.state == JobState.FAILED
    assert "have changed since it was added" in job.error


def test_what_training_itself_refuses_is_told_as_it_said_it(
    cast: Cast, release: Release, base: ModelEndpoint, home: Path
) -> None:
    (home / "models" / making.BASE / "config.json").unlink()
    job = run_now(launched(cast, release, base).job)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error == "base: the folder holds no model (config.json is missing)"
    assert str(home) not in job.error


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_an_event_with_a_number_that_is_none_fails_the_run(
    cast: Cast,
    release: Release,
    base: ModelEndpoint,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: str,
) -> None:
    process = home / "process"
    line = f'{{"event": "step", "step": 1, "total": 2, "loss": {number}}}'
    process.write_text(f"#!/bin/sh\necho 'no event'\necho '{line}'\n")
    process.chmod(0o755)
    run = launched(cast, release, base)
    monkeypatch.setattr(settings, "TRAINER", [str(process)])
    job = run_now(run.job)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error == (
        f"The training process reported that {number} is not a finite number; nothing is registered."
    )
    assert not told(run, "step")


def test_a_card_with_a_number_that_is_none_registers_nothing(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    run = launched(cast, release, base)
    run_folder.folder(run).mkdir(parents=True)
    (run_folder.folder(run) / "run_card.json").write_text('{"metrics": {"loss": NaN}}')
    with pytest.raises(JobFailed, match="NaN is not a finite number; launch it once more"):
        run_job.register_model(run=run, done={"artifacts": {"digest": "a" * 64}})
    assert not ProducedModel.objects.exists()


def test_steps_told_late_leave_out_what_is_no_number(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    run = launched(cast, release, base)
    state = run_folder.folder(run) / "checkpoints" / "step-000001" / run_job.TRAINER_STATE
    state.parent.mkdir(parents=True)
    figures = '"loss": 2.5, "reward": NaN, "learning_rate": Infinity, "kl": 0.1, "gba/dev/all": 0.5'
    state.write_text(f'{{"log_history": [{{"step": 1, {figures}, "step_time": 3.0}}]}}')
    run_job._add_untold_steps(run, 1)
    assert [event.data for event in told(run, "step")] == [{"loss": 2.5, "kl": 0.1, "dev/all": 0.5}]


def test_a_release_with_line_separators_is_read_as_it_was_written(cast: Cast, home: Path) -> None:
    item = making.items(1)[0]
    row = making.content(item) | {"question": "Findings:\u2028one\u2029two\u0085three. Which one?"}
    source(cast.study, making.SOURCE)
    rows = [making.new_row(row, item.image_png)]
    made = freeze(
        study=cast.study, kind=ReleaseKind.TRACES, name="Separators", rows=rows, left_out={}, by=cast.lena
    )
    (sample,) = load(materialise(made, home / "data"))
    assert sample.question == row["question"]


def test_every_stage_of_a_pipeline_asks_for_what_its_process_reads(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    *experts, reinforced, merge = launch_pipeline(
        study=cast.study, release=release, base=base, by=cast.lena, settings={"dsa": making.QUICK}
    )
    spec = {}
    for run in (*experts, reinforced, merge):
        run_folder.folder(run).mkdir(parents=True)
        spec[run.pk] = parse_spec(json.loads(run_job._write_spec(run).read_text()))
    places = tuple(run_folder.folder(run) for run in experts)
    assert [spec[run.pk].specialty for run in experts] == ["adult_medicine", "pediatrics"]
    assert asdict(spec[experts[0].pk].settings)["lora_r"] == making.QUICK["lora_r"]
    assert spec[reinforced.pk].experts == places
    assert spec[merge.pk].experts == places
    assert spec[merge.pk].reinforced == run_folder.folder(reinforced)
    assert spec[merge.pk].data is None
    assert all(spec[run.pk].release_digest == release.digest for run in (*experts, reinforced))


def test_a_model_trained_from_a_trained_one_names_all_releases(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    earlier = "a" * 64
    ModelEndpoint.objects.filter(pk=base.pk).update(provenance={"releases": [earlier]})
    base.refresh_from_db()
    expert = launched(cast, release, base)
    run = launched(cast, None, base, stage="merge", specialty="", settings={}, inputs=[expert])
    assert run_job._digests(run) == {earlier, release.digest}


def test_a_model_that_a_trained_judge_rewarded_names_the_judges_releases(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    taught = "b" * 64
    judge = making.base_endpoint(name="judge", provenance={"releases": [taught]})
    rewarded = launched(cast, release, base)
    Run.objects.filter(pk=rewarded.pk).update(settings={"judge": judge.name})
    merge = launched(cast, None, base, stage="merge", specialty="", settings={}, inputs=[rewarded])
    assert run_job._digests_of_judges(merge) == {taught}
    assert run_job._digests(merge) == {release.digest}


def test_a_worker_that_lost_the_job_stores_nothing(cast: Cast, release: Release, base: ModelEndpoint) -> None:
    run = launched(cast, release, base)
    held = claim(run.job_id)
    assert held is not None
    handle = JobHandle(held, Lease(held))
    Job.objects.filter(pk=held.pk).update(claim_token="00000000-0000-4000-8000-000000000000")
    with pytest.raises(Exception, match="another holder"):
        run_job._store(handle, run, {"event": "step", "step": 1, "total": 2, "loss": 1.0})
    assert not RunEvent.objects.exists()


@pytest.mark.soak
def test_a_whole_pipeline_leads_to_one_merged_model(
    cast: Cast, release: Release, base: ModelEndpoint
) -> None:
    tiny = {"max_steps": 2, "rollouts": 2, "samples_per_step": 1, "micro_batch": 8, "max_new_tokens": 8}
    lora = {"lora_r": 4, "lora_alpha": 8, "max_pixels": 3136}
    runs = launch_pipeline(
        study=cast.study,
        release=release,
        base=base,
        by=cast.lena,
        settings={"dsa": making.QUICK | {"max_steps": 4}, "gba": lora | tiny, "merge": {"density": 0.5}},
    )
    states = [run_now(run.job).state for run in runs]
    assert states == [JobState.SUCCEEDED] * 4
    merged = ProducedModel.objects.get(run=runs[-1])
    assert merged.release_digests == [release.digest]
    assert [event.data.get("reward") is not None for event in told(runs[2], "step")] == [True, True]
