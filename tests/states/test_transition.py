"""transition(): table, permission, race and audit in one step."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.audit.verify import verify_chains
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.states.transitions import (
    RoleRefused,
    StateChanged,
    TransitionRefused,
    transition,
    transition_all,
)
from tests.factories.cast import Cast, make_cast


@pytest.fixture
def job(cast: Cast) -> Job:
    return Job.objects.create(kind="test.job", study=cast.study)


def test_a_step_is_stored_with_its_fields_and_recorded(cast: Cast, job: Job) -> None:
    now = timezone.now()
    transition(job, JobState.CANCELLED, by=cast.lena, reason="not needed", data={"n": 1}, finished_at=now)
    assert (job.state, job.finished_at) == (JobState.CANCELLED, now)
    job.refresh_from_db()
    assert (job.state, job.finished_at) == (JobState.CANCELLED, now)
    event = AuditEvent.objects.get()
    assert (event.chain, event.actor, event.action, event.object_id) == (
        "study:chest",
        cast.lena,
        "job.cancelled",
        str(job.pk),
    )
    assert (event.data, event.reason) == ({"from": "queued", "n": 1}, "not needed")


def test_a_step_that_the_table_lacks_is_refused(cast: Cast, job: Job) -> None:
    with pytest.raises(TransitionRefused, match="queued cannot become succeeded"):
        transition(job, JobState.SUCCEEDED, by=None)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", ["anna", "rosa", "nora"])
def test_a_person_without_the_role_is_refused(cast: Cast, job: Job, name: str) -> None:
    with pytest.raises(RoleRefused, match="Your role"):
        transition(job, JobState.CANCELLED, by=getattr(cast, name))
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_only_the_wrong_role_is_forbidden() -> None:
    assert (TransitionRefused.status, RoleRefused.status) == (409, 403)


def test_a_person_cannot_do_what_only_the_system_does(cast: Cast, job: Job) -> None:
    with pytest.raises(RoleRefused, match="Your role"):
        transition(job, JobState.RUNNING, by=cast.lena)


def test_a_deactivated_lead_is_refused(cast: Cast, job: Job) -> None:
    cast.lena.is_active = False
    with pytest.raises(TransitionRefused):
        transition(job, JobState.CANCELLED, by=cast.lena)


def test_who_comes_second_changes_and_records_nothing(cast: Cast, job: Job) -> None:
    late = Job.objects.get(pk=job.pk)
    transition(job, JobState.CANCELLED, by=cast.lena, reason="first")
    with pytest.raises(StateChanged):
        transition(late, JobState.CANCELLED, by=cast.max, reason="second")
    assert late.state == JobState.QUEUED
    assert list(AuditEvent.objects.values_list("reason", flat=True)) == ["first"]


def test_of_many_at_once_exactly_one_wins(transactional_db: None) -> None:
    cast = make_cast()
    job = Job.objects.create(kind="test.job", study=cast.study)
    start, outcomes = threading.Barrier(8), list[str]()

    def work() -> None:
        mine = Job.objects.get(pk=job.pk)
        start.wait(30)
        try:
            transition(mine, JobState.CANCELLED, by=cast.lena)
            outcomes.append("won")
        except StateChanged:
            outcomes.append("lost")
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    assert verify_chains() == (1, [])


def test_many_move_together_or_not_at_all_each_with_its_event(cast: Cast) -> None:
    jobs = [Job.objects.create(kind="test.job", study=cast.study) for _ in range(3)]
    transition_all(jobs[:2], JobState.CANCELLED, by=cast.lena, error="stopped")
    assert [(job.state, job.error) for job in jobs[:2]] == [("cancelled", "stopped")] * 2
    told = AuditEvent.objects.filter(action="job.cancelled", actor=cast.lena, data={"from": "queued"})
    assert set(told.values_list("object_id", flat=True)) == {str(job.pk) for job in jobs[:2]}
    assert verify_chains()[1] == []
    late = Job.objects.create(kind="test.job", study=cast.study)
    transition(Job.objects.get(pk=late.pk), JobState.CANCELLED, by=cast.lena)
    with pytest.raises(StateChanged):
        transition_all([jobs[2], late], JobState.CANCELLED, by=cast.lena)
    jobs[2].refresh_from_db()
    assert jobs[2].state == JobState.QUEUED
    with pytest.raises(RoleRefused):
        transition_all(jobs[2:], JobState.CANCELLED, by=cast.anna)
    with pytest.raises(ValueError, match="share their state"):
        transition_all([jobs[0], jobs[2]], JobState.CANCELLED, by=cast.lena)
    transition_all([], JobState.CANCELLED, by=cast.anna)
