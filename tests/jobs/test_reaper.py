"""The sweeper: lost leases, unheard rings, the daily check, and one sweeper at a time."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from consilium.blobs.store import put
from consilium.database_version import unapplied_migrations
from consilium.jobs import notify, reaper
from consilium.jobs.cancel import cancel
from consilium.jobs.claim import claim
from consilium.jobs.lease import Lease
from consilium.jobs.models import Job, SweeperLease
from consilium.jobs.queue import enqueue
from consilium.jobs.queue_names import AT_ONCE, REMOTE
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from tests.factories.cast import Cast, make_cast
from tests.harness.stored import path_of
from tests.jobs.kinds import kind


@pytest.fixture(autouse=True)
def _known_kind() -> Iterator[None]:
    with kind(lambda job: {}):
        yield


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which jobs were rung for, instead of a broker."""
    heard: list[str] = []

    def ring(name: str, args: list[str], **options: Any) -> None:
        assert (name, options["queue"]) == ("consilium.jobs.ring", Job.objects.get(pk=args[0]).queue)
        heard.append(args[0])

    monkeypatch.setattr("consilium.celery.app.send_task", ring)
    return heard


def make(cast: Cast, attempts: int = 3) -> Job:
    return enqueue(kind="test.job", by=cast.lena, study=cast.study, params={}, max_attempts=attempts)


def lose(job: Job) -> None:
    """The worker claims the job and is never heard of again."""
    assert claim(job.pk) is not None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def after_sweep(job: Job) -> Job:
    reaper.requeue_lost()
    job.refresh_from_db()
    return job


def test_a_job_whose_worker_is_gone_waits_again_and_is_rung_for(cast: Cast, rings: list[str]) -> None:
    job = make(cast)
    lose(job)
    job = after_sweep(job)
    assert (job.state, job.claim_token, job.lease_until, job.attempt) == (JobState.QUEUED, None, None, 1)
    assert rings == [str(job.pk)]


@pytest.mark.parametrize("wrong", [timedelta(days=1), timedelta(days=-1)])
def test_a_host_whose_clock_is_wrong_neither_takes_nor_keeps_a_job(cast: Cast, wrong: timedelta) -> None:
    kept, lost = make(cast), make(cast)
    claimed = claim(kept.pk)
    assert claimed is not None
    lose(lost)
    with time_machine.travel(timezone.now() + wrong):
        Lease(claimed).renew()
        assert after_sweep(kept).state == JobState.RUNNING
        assert after_sweep(lost).state == JobState.QUEUED
    assert after_sweep(kept).state == JobState.RUNNING
    assert kept.lease_until is not None
    left = kept.lease_until - timezone.now()
    assert timedelta() < left <= timedelta(seconds=settings.JOB_LEASE_SECONDS)


def test_a_job_whose_lease_still_runs_is_left_alone(cast: Cast, rings: list[str]) -> None:
    job = make(cast)
    assert claim(job.pk) is not None
    assert after_sweep(job).state == JobState.RUNNING
    assert rings == []


def test_a_job_that_ends_its_workers_is_given_up_with_a_cause(cast: Cast, rings: list[str]) -> None:
    job = make(cast, attempts=2)
    lose(job)
    after_sweep(job)
    lose(job)
    job = after_sweep(job)
    assert (job.state, job.attempt) == (JobState.FAILED, 2)
    assert "stopped 2 times" in job.error
    assert job.error_detail.startswith("lease lost by")
    assert job.finished_at is not None


def test_a_cancelled_job_whose_worker_is_gone_is_over(cast: Cast, rings: list[str]) -> None:
    job = make(cast)
    lose(job)
    cancel(job=job, by=cast.lena)
    assert after_sweep(job).state == JobState.CANCELLED


def test_a_ring_nobody_heard_is_rung_again_only_after_a_while(
    cast: Cast, rings: list[str], settings: Any
) -> None:
    job = make(cast)
    reaper.ring_again()
    assert rings == [str(job.pk)]
    reaper.ring_again()
    assert len(rings) == 1
    long_ago = timezone.now() - timedelta(seconds=settings.JOB_LEASE_SECONDS)
    Job.objects.update(nudged_at=long_ago)
    reaper.ring_again()
    assert len(rings) == 2


def test_a_long_queue_is_not_rung_for_as_a_whole(cast: Cast, rings: list[str]) -> None:
    jobs = [make(cast) for _ in range(10)]
    reaper.ring_again()
    assert rings == [str(job.pk) for job in jobs[: reaper.RINGS_PER_QUEUE]]


def test_a_broken_broker_breaks_no_use_case(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise OSError("no route to the broker")

    monkeypatch.setattr("consilium.celery.app.send_task", broken)
    job = make(cast)
    notify.nudge(job)
    reaper.ring_again()
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_one_worker_sweeps_at_a_time(db: None, rings: list[str]) -> None:
    assert reaper.tick() is True
    SweeperLease.objects.update(holder="another:1")
    assert reaper.tick() is False
    SweeperLease.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert reaper.tick() is True
    reaper.give_turn()
    SweeperLease.objects.update(holder="another:1")
    assert reaper.tick() is True, "a turn that was given back is free at once"


def test_a_registered_sweep_runs_at_every_tick_and_its_error_stops_no_other(
    db: None, rings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "_sweeps", [])
    calls: list[str] = []

    def broken() -> None:
        calls.append("broken")
        raise ValueError("patient Jane Doe")

    def good() -> None:
        calls.append("good")

    for sweep in (broken, good, good):
        reaper.register_sweep(sweep)
    reaper.tick()
    reaper.tick()
    assert calls == ["broken", "good"] * 2


def test_the_daily_check_is_queued_once_a_day(db: None, rings: list[str]) -> None:
    reaper.tick()
    reaper.tick()
    assert Job.objects.filter(kind=reaper.DAILY_KIND).count() == 1
    SweeperLease.objects.update(last_daily=timezone.now().date() - timedelta(days=1))
    reaper.tick()
    assert Job.objects.filter(kind=reaper.DAILY_KIND).count() == 2


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    settings.CONSILIUM_HOME = tmp_path
    return tmp_path


def test_the_daily_check_anchors_the_chains(cast: Cast, home: Path) -> None:
    put(b"an image", "image/png")
    make(cast)
    job = run_now(enqueue(kind=reaper.DAILY_KIND, by=None, study=None, params={}))
    assert job.state == JobState.SUCCEEDED, job.error
    lines = (home / "anchors" / "anchors.jsonl").read_text().splitlines()
    ends = {anchor["chain"]: anchor["sequence"] for anchor in map(json.loads, lines)}
    assert ends == {"study:chest": 1, "system": 1}


def test_the_daily_check_alarms_about_a_changed_file_by_number_only(cast: Cast, home: Path) -> None:
    path = path_of(put(b"an image", "image/png").sha256)
    path.write_bytes(b"an imagE")
    job = run_now(enqueue(kind=reaper.DAILY_KIND, by=None, study=None, params={}))
    assert job.state == JobState.FAILED
    assert job.error.startswith("1 stored files are missing or changed")
    assert str(home) not in job.error


@pytest.mark.parametrize("message", ["not a number", "", 7, None, "00000000-0000-4000-8000-000000000000"])
def test_a_ring_for_nothing_is_refused(db: None, message: Any) -> None:
    from consilium.jobs.worker_signals import ring

    ring(message)
    assert not Job.objects.exists()


def test_a_worker_takes_no_job_of_a_queue_it_does_not_serve(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from consilium.celery import app
    from consilium.jobs.worker_signals import ring

    job = make(cast)
    monkeypatch.setattr(app.amqp.queues, "_consume_from", {"gpu": None})
    ring(str(job.pk))
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_who_finds_every_place_of_a_queue_taken_leaves_the_job_to_those_who_have_one(cast: Cast) -> None:
    from consilium.jobs import worker_signals

    with kind(lambda job: {}, name="test.remote", queue=REMOTE):
        jobs = [enqueue(kind="test.remote", by=None, study=None, params={}) for _ in range(2)]
    places = worker_signals._places[REMOTE]
    for _ in range(AT_ONCE[REMOTE]):
        assert places.acquire(blocking=False)
    try:
        worker_signals.ring(str(jobs[0].pk))
        assert set(Job.objects.filter(queue=REMOTE).values_list("state", flat=True)) == {JobState.QUEUED}
    finally:
        places.release(AT_ONCE[REMOTE])


def test_one_ring_empties_the_queue(transactional_db: None) -> None:
    from consilium.jobs.worker_signals import ring

    cast = make_cast()
    jobs = [make(cast) for _ in range(3)]
    ring(str(jobs[2].pk))
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.SUCCEEDED}


def test_the_database_has_all_migrations_of_this_version(db: None) -> None:
    assert unapplied_migrations() == []
    MigrationRecorder.Migration.objects.filter(app="jobs").order_by("-id")[0].delete()
    assert unapplied_migrations() != []


def test_the_daily_check_removes_sessions_that_have_expired(cast: Cast, home: Path) -> None:
    for hours in (-1, 1):
        Session.objects.create(session_key=f"key{hours}", expire_date=timezone.now() + timedelta(hours=hours))
    run_now(enqueue(kind=reaper.DAILY_KIND, by=None, study=None, params={}))
    assert [session.session_key for session in Session.objects.all()] == ["key1"]
