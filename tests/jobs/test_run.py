"""A job's life in one process: outcomes, retries, cancel, and the fence against late writers."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.jobs import handle as handles
from consilium.jobs import registry, run, worker_signals
from consilium.jobs.cancel import cancel
from consilium.jobs.claim import claim, claim_next
from consilium.jobs.handle import JobFailed, JobHandle, JobPostponed
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.run import UNEXPECTED, run_claimed, run_now, run_until_over
from consilium.jobs.states import JobState
from consilium.people.models import Membership, Person, Role
from consilium.people.permissions import OPERATOR, NotAllowed
from tests.factories.cast import Cast
from tests.jobs.kinds import kind


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "WAIT_SECONDS", 0.01)


def make(cast: Cast, **params: Any) -> Job:
    return enqueue(kind="test.job", by=cast.lena, study=cast.study, params=params)


def actions(job: Job) -> list[str]:
    return list(
        AuditEvent.objects.filter(object_id=str(job.pk)).order_by("sequence").values_list("action", flat=True)
    )


def test_a_job_that_finishes_stores_its_result_and_its_progress(cast: Cast) -> None:
    def work(job: JobHandle) -> dict[str, Any]:
        for n in range(1, 4):
            job.progress(n, 4, f"item {n}")
        return {"double": job.params["n"] * 2}

    with kind(work):
        job = run_now(make(cast, n=21))
    assert (job.state, job.result, job.attempt) == (JobState.SUCCEEDED, {"double": 42}, 1)
    assert (job.progress_done, job.progress_total, job.percent) == (3, 4, 75)
    assert job.finished_at is not None
    assert actions(job) == ["job.created", "job.succeeded"]


def test_a_job_that_cannot_succeed_is_not_tried_again_and_says_why(cast: Cast) -> None:
    def work(job: JobHandle) -> dict[str, Any]:
        raise JobFailed("The release has no rows.")

    with kind(work):
        job = run_now(make(cast))
    assert (job.state, job.attempt, job.error) == (JobState.FAILED, 1, "The release has no rows.")


def test_a_crash_is_tried_again_and_then_fails_without_telling_its_text_to_people(cast: Cast) -> None:
    def work(job: JobHandle) -> dict[str, Any]:
        raise ValueError("patient Jane Doe")

    with kind(work, max_attempts=2):
        job = run_now(make(cast))
    assert (job.state, job.attempt, job.error) == (JobState.FAILED, 2, UNEXPECTED)
    assert "ValueError < test_run.py" in job.error_detail
    assert "Jane" not in job.error_detail
    assert actions(job) == ["job.created", "job.failed"]


def test_a_crash_waits_before_its_next_try(cast: Cast) -> None:
    def work(job: JobHandle) -> dict[str, Any]:
        raise ValueError

    with kind(work):
        job = make(cast)
        claimed = claim(job.pk)
        assert claimed is not None
        run_claimed(claimed)
        job.refresh_from_db()
        assert job.state == JobState.QUEUED
        assert job.not_before is not None
        assert job.not_before > timezone.now()
        assert claim_next(["default"]) is None
        Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        assert claim_next(["default"]) is not None


def test_a_result_that_is_no_json_counts_as_a_crash(cast: Cast) -> None:
    with kind(lambda job: {"when": object()}, max_attempts=1):
        assert run_now(make(cast)).state == JobState.FAILED


def test_a_kind_nobody_knows_fails_with_a_cause(cast: Cast) -> None:
    with kind(lambda job: {}):
        job = make(cast)
    job = run_now(job)
    assert job.state == JobState.FAILED
    assert "does not know" in job.error


def test_a_waiting_job_is_cancelled_at_once_by_a_lead_only(cast: Cast) -> None:
    with kind(lambda job: {}):
        job = make(cast)
        for person in (cast.anna, cast.rosa, cast.otto, cast.nora):
            with pytest.raises(NotAllowed):
                cancel(job=job, by=person)
        assert cancel(job=job, by=cast.lena).state == JobState.CANCELLED
        assert run_now(job).attempt == 0
    assert actions(job) == ["job.created", "job.cancelled"]


def test_a_running_job_stops_at_its_next_progress(cast: Cast) -> None:
    reached: list[int] = []

    def work(job: JobHandle) -> dict[str, Any]:
        for n in range(100):
            reached.append(n)
            if n == 3:
                cancel(job=Job.objects.get(pk=job.job.pk), by=cast.max)
                job.fence()
        return {}

    with kind(work):
        job = run_now(make(cast))
    assert (job.state, reached) == (JobState.CANCELLED, [0, 1, 2, 3])
    assert actions(job) == ["job.created", "job.cancel_requested", "job.cancelled"]


def test_a_job_that_is_over_stays_as_it_is(cast: Cast) -> None:
    with kind(lambda job: {}):
        job = run_now(make(cast))
    assert cancel(job=job, by=cast.lena).state == JobState.SUCCEEDED


def test_a_system_job_belongs_to_operators(cast: Cast) -> None:
    with kind(lambda job: {}):
        job = enqueue(kind="test.job", by=cast.otto, study=None, params={})
        with pytest.raises(NotAllowed):
            cancel(job=job, by=cast.lena)
        assert cancel(job=job, by=cast.otto).state == JobState.CANCELLED


def test_a_worker_that_lost_its_lease_writes_nothing(cast: Cast) -> None:
    written: list[str] = []

    def work(job: JobHandle) -> dict[str, Any]:
        # What the sweeper and a second worker do while this one is frozen.
        Job.objects.filter(pk=job.job.pk).update(state=JobState.QUEUED, claim_token=None)
        assert claim(job.job.pk) is not None
        job.fence()
        written.append("late")
        return {}

    with kind(work):
        job = make(cast)
        claimed = claim(job.pk)
        assert claimed is not None
        assert run_claimed(claimed) is False
    job.refresh_from_db()
    assert (job.state, job.attempt, written) == (JobState.RUNNING, 2, [])


def test_an_outcome_with_an_old_token_is_refused(cast: Cast) -> None:
    def work(job: JobHandle) -> dict[str, Any]:
        Job.objects.filter(pk=job.job.pk).update(state=JobState.QUEUED, claim_token=None)
        assert claim(job.job.pk) is not None
        return {"from": "the old worker"}

    with kind(work):
        claimed = claim(make(cast).pk)
        assert claimed is not None
        assert run_claimed(claimed) is False
    claimed.refresh_from_db()
    assert (claimed.state, claimed.result) == (JobState.RUNNING, {})


@pytest.fixture
def stopping() -> Iterator[None]:
    handles.stopping.set()
    yield
    handles.stopping.clear()


def test_a_worker_that_stops_gives_its_job_back_without_counting_an_attempt(
    cast: Cast, stopping: None
) -> None:
    def work(job: JobHandle) -> dict[str, Any]:
        job.check()
        return {}

    with kind(work):
        claimed = claim(make(cast).pk)
        assert claimed is not None
        run_claimed(claimed)
    claimed.refresh_from_db()
    assert (claimed.state, claimed.attempt, claimed.claim_token) == (JobState.QUEUED, 0, None)


def test_the_oldest_job_of_the_queue_comes_first(cast: Cast) -> None:
    with kind(lambda job: {}), kind(lambda job: {}, name="test.gpu", queue="gpu"):
        first, second = make(cast), make(cast)
        gpu = enqueue(kind="test.gpu", by=None, study=cast.study, params={})
        assert [job.pk for job in (claim_next(["default"]), claim_next(["default"])) if job] == [
            first.pk,
            second.pk,
        ]
        assert claim_next(["default"]) is None
        found = claim_next(["default", "gpu"])
        assert found is not None
        assert found.pk == gpu.pk


def test_a_job_that_waits_for_another_is_put_off_and_not_tried_in_a_spin(cast: Cast) -> None:
    tries: list[int] = []

    def work(job: JobHandle) -> dict[str, Any]:
        tries.append(job.job.attempt)
        if len(tries) < 3:
            raise JobPostponed(60)
        return {}

    with kind(work):
        job = run_now(make(cast))
        assert (tries, job.state, job.attempt) == ([1], JobState.QUEUED, 0)
        assert run_until_over(job).state == JobState.SUCCEEDED
    assert tries == [1, 1, 1]


def test_waiting_for_a_job_of_a_dead_worker_takes_it_over(cast: Cast) -> None:
    with kind(lambda job: {"done": 1}):
        job = make(cast)
        assert claim(job.pk) is not None
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert run_until_over(job).result == {"done": 1}


def test_a_ring_does_not_cut_a_pause_short(cast: Cast) -> None:
    with kind(lambda job: {}):
        job = make(cast)
        Job.objects.update(not_before=timezone.now() + timedelta(minutes=1))
        assert list(worker_signals._claims(job.pk, "default")) == []
        Job.objects.update(not_before=None)
        assert [claimed.pk for claimed in worker_signals._claims(job.pk, "default")] == [job.pk]


def demote(cast: Cast) -> None:
    Membership.objects.filter(person=cast.lena).update(role=Role.ANNOTATOR)


def remove(cast: Cast) -> None:
    Membership.objects.filter(person=cast.lena).update(is_active=False)


def deactivate(cast: Cast) -> None:
    Person.objects.filter(pk=cast.lena.pk).update(is_active=False)


@pytest.mark.parametrize(
    ("lose", "cause"),
    [
        (demote, "Lena no longer leads this study, so nothing was done."),
        (remove, "Lena no longer leads this study, so nothing was done."),
        (deactivate, "The account of Lena has been deactivated, so nothing was done."),
    ],
)
def test_a_job_of_somebody_who_lost_the_right_meanwhile_does_nothing(
    cast: Cast, lose: Callable[[Cast], None], cause: str
) -> None:
    done: list[Job] = []
    with kind(lambda handle: done.append(handle.job) or {}, needs_nobody=False):  # type: ignore[func-returns-value]
        job = make(cast)
        lose(cast)
        job = run_now(job)
    assert (job.state, job.attempt, done) == (JobState.FAILED, 1, [])
    assert job.error.startswith(cause)


def test_the_right_is_asked_for_again_when_a_job_goes_on(cast: Cast) -> None:
    done: list[int] = []

    def work(handle: JobHandle) -> dict[str, Any]:
        done.append(handle.job.attempt)
        raise JobPostponed(0)

    with kind(work, needs_nobody=False):
        job = run_now(make(cast))
        assert (job.state, done) == (JobState.QUEUED, [1])
        demote(cast)
        job = run_now(job)
    assert (job.state, done) == (JobState.FAILED, [1])
    assert "no longer leads" in job.error


def test_a_job_that_nobody_answers_for_runs_only_where_its_kind_says_so(cast: Cast) -> None:
    done: list[Job] = []

    def run(needs_nobody: bool) -> Job:
        with kind(lambda handle: done.append(handle.job) or {}, needs_nobody=needs_nobody):  # type: ignore[func-returns-value]
            return run_now(enqueue(kind="test.job", by=None, study=cast.study, params={}))

    refused = run(needs_nobody=False)
    assert (refused.state, done) == (JobState.FAILED, [])
    assert "Nobody answers" in refused.error
    assert run(needs_nobody=True).state == JobState.SUCCEEDED


def test_only_the_sites_own_kinds_need_nobody_and_all_others_are_for_leads() -> None:
    needs_nobody = {name for name, found in registry.known().items() if found.needs_nobody}
    assert needs_nobody - {"demo.steps", "demo.poison", "demo.deaf"} == {
        "annotation.agreement",
        "annotation.progress",
        "benchmark.leaderboard",
        "benchmark.report",
        "curation.facts",
        "curation.leftovers",
        "curation.purge",
        "jobs.daily",
        "site.backup",
        "site.demo",
    }
    others = {name: found.roles for name, found in registry.known().items() if not found.needs_nobody}
    assert {name for name, roles in others.items() if roles == {OPERATOR}} == {"hub.check_token"}
    assert set(others.values()) == {frozenset({Role.LEAD.value}), frozenset({OPERATOR})}
