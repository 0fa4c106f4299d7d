"""Large releases are frozen by a job: whole or not at all, once, whatever dies when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consilium.jobs import run
from consilium.jobs.cancel import cancel
from consilium.jobs.claim import claim
from consilium.jobs.models import Job
from consilium.jobs.reaper import requeue_lost
from consilium.jobs.run import run_claimed, run_now
from consilium.people.models import Membership, Role
from consilium.people.permissions import NotAllowed
from curation.models import Release, ReleaseKind, ReleaseRow
from curation.releases import freeze_job
from curation.releases.contents import FreezeRefused
from curation.releases.freeze_job import freeze_jobs, start_freeze
from curation.releases.gather import freeze_traces
from curation.releases.verify import verify
from tests.factories import curation as making
from tests.factories.cast import Cast


class Killed(BaseException):
    """Ends the process: nothing catches it."""


@pytest.fixture
def traces(cast: Cast) -> Cast:
    of = making.source(cast.study)
    for number in range(4):
        making.trace(making.question(cast.study, of, number), making.endpoint())
    return cast


def queued(cast: Cast, name: str = "Large") -> Job:
    return start_freeze(study=cast.study, kind="traces", name=name, by=cast.lena)


def lose_worker(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(hours=1))
    requeue_lost()


def test_pressed_twice_it_is_one_job(traces: Cast) -> None:
    queued(traces)
    with pytest.raises(FreezeRefused, match="being frozen already"):
        queued(traces)
    queued(traces, "Another")


def test_a_job_freezes(traces: Cast) -> None:
    job = queued(traces)
    assert not Release.objects.exists()
    done = run_now(job)
    release = Release.objects.get()
    assert (done.state, done.result["release"], release.row_count) == ("succeeded", release.pk, 4)
    assert (release.created_by, verify(release)) == (traces.lena, [])
    fix = start_freeze(study=traces.study, kind="traces", name="Fix", by=traces.lena, derived_from=release)
    assert run_now(fix).state == "succeeded"
    assert Release.objects.get(name="Fix").derived_from == release


@pytest.mark.parametrize("place", ["store_files", "put", "transition"])
def test_a_kill_in_the_middle_leaves_nothing_and_the_job_runs_again(
    traces: Cast, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    job = queued(traces)
    with monkeypatch.context() as patched:
        patched.setattr(f"curation.releases.freeze.{place}", dies)
        with pytest.raises(Killed):
            run_now(job)
    assert not Release.objects.exists()
    assert not ReleaseRow.objects.exists()
    lose_worker(job)
    assert run_now(job).state == "succeeded"
    assert verify(Release.objects.get()) == []


def test_a_kill_after_the_release_appeared_makes_no_second_one(
    traces: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise Killed

    job = queued(traces)
    with monkeypatch.context() as patched:
        patched.setattr(run, "_store", dies)
        with pytest.raises(Killed):
            run_now(job)
    release = Release.objects.get()
    lose_worker(job)
    done = run_now(job)
    assert (done.state, done.result["release"]) == ("succeeded", release.pk)
    assert Release.objects.count() == 1


def test_two_leads_with_one_name_at_one_moment_make_one_release(
    traces: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freeze_job, "_on_the_way", lambda study: [])  # neither sees the other's job
    first = queued(traces)
    made = start_freeze(study=traces.study, kind="traces", name="Large", by=traces.max)
    assert [run_now(job).state for job in (first, made)] == ["succeeded", "failed"]
    made.refresh_from_db()
    assert "choose another name" in made.error
    with pytest.raises(FreezeRefused, match="choose another name"):
        queued(traces)
    assert Release.objects.get().created_by == traces.lena


def test_who_does_not_lead_freezes_nothing(traces: Cast) -> None:
    for person in (traces.anna, traces.rosa, traces.otto, traces.nora):
        with pytest.raises(NotAllowed):
            start_freeze(study=traces.study, kind="traces", name="No", by=person)
    job = queued(traces)
    Membership.objects.filter(study=traces.study, person=traces.lena).update(role=Role.ANNOTATOR)
    assert run_now(job).state == "failed"
    assert not Release.objects.exists()


def test_a_stopped_job_makes_nothing(traces: Cast) -> None:
    job = cancel(job=queued(traces), by=traces.max)
    assert run_now(job).state == "cancelled"
    assert not Release.objects.exists()
    assert freeze_jobs(traces.study) == []


def test_the_list_shows_the_job_and_then_the_release(traces: Cast) -> None:
    client = Client()
    client.force_login(traces.lena)
    listed = reverse("curation:releases", args=["chest"])
    queued(traces)
    assert "Freezing a release" in client.get(listed).content.decode()
    run_now(Job.objects.get())
    shown = client.get(listed).content.decode()
    assert "Freezing a release" not in shown
    assert "Large" in shown


def test_the_rows_are_read_and_written_in_batches(
    cast: Cast, django_assert_max_num_queries: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    of, teacher = making.source(cast.study), making.endpoint()
    for number in range(12):
        making.trace(making.question(cast.study, of, number), teacher)
    with django_assert_max_num_queries(42):
        made = freeze_traces(study=cast.study, name="Twelve", by=cast.lena)
    assert (made.kind, made.row_count) == (ReleaseKind.TRACES, 12)


def test_a_worker_that_lost_the_job_freezes_nothing(traces: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    job = claim(queued(traces).pk)
    assert job is not None
    Job.objects.filter(pk=job.pk).update(claim_token=uuid4())
    assert not run_claimed(job)
    assert not Release.objects.exists()
