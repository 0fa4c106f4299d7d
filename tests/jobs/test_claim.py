"""Many workers at one queue: every job is claimed exactly once per attempt."""

import threading
from collections import Counter

import pytest
from django.db import connection

from consilium.jobs.claim import claim, claim_next
from consilium.jobs.handle import JobHandle, LeaseLost
from consilium.jobs.lease import Lease
from consilium.jobs.models import Job
from consilium.jobs.run import run_claimed
from consilium.jobs.states import JobState
from tests.jobs.kinds import kind

WORKERS = 8


def at_once(work: "list[threading.Thread]") -> None:
    for thread in work:
        thread.start()
    for thread in work:
        thread.join(60)


def drain(taken: list[str], problems: list[BaseException]) -> None:
    try:
        while job := claim_next(["default"]):
            taken.append(str(job.pk))
    except BaseException as problem:
        problems.append(problem)
    finally:
        connection.close()


@pytest.mark.parametrize("jobs", [24, pytest.param(400, marks=pytest.mark.soak)])
def test_contending_workers_share_the_queue_without_overlap(transactional_db: None, jobs: int) -> None:
    made = [str(Job.objects.create(kind="test.job").pk) for _ in range(jobs)]
    taken, problems = list[str](), list[BaseException]()
    at_once([threading.Thread(target=drain, args=(taken, problems)) for _ in range(WORKERS)])
    assert problems == []
    assert Counter(taken) == Counter(made)
    assert set(Job.objects.values_list("state", "attempt")) == {(JobState.RUNNING, 1)}
    assert Job.objects.values("claim_token").distinct().count() == jobs


def test_the_heartbeat_keeps_a_silent_job_and_ends_when_it_is_lost(
    transactional_db: None, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.conf.settings.JOB_LEASE_SECONDS", 0.6)
    beats: list[float] = []
    original = Lease.beat

    def counted(lease: Lease) -> None:
        original(lease)
        beats.append(lease.age)

    monkeypatch.setattr(Lease, "beat", counted)
    refused: list[str] = []

    def work(job: JobHandle) -> dict[str, int]:
        deadline = threading.Event()
        while len(beats) < 5:  # longer than the lease: only the heartbeat keeps it
            deadline.wait(0.02)
        first = Job.objects.get(pk=job.job.pk)
        assert first.state == JobState.RUNNING
        Job.objects.filter(pk=job.job.pk).update(state=JobState.QUEUED, claim_token=None)
        while not job._lease.lost.is_set():
            deadline.wait(0.02)
        try:
            job.check()
        except LeaseLost:
            refused.append("check")
            raise
        return {}

    with kind(work):
        job = claim(Job.objects.create(kind="test.job").pk)
        assert job is not None
        assert run_claimed(job) is False
    assert refused == ["check"]
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
