"""The progress fragment and the button that stops a job, by role."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from consilium.jobs.claim import claim
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from tests.factories.cast import Cast


@pytest.fixture
def job(cast: Cast) -> Job:
    return Job.objects.create(kind="test.job", study=cast.study, created_by=cast.lena)


def progress(job: Job) -> str:
    return reverse("jobs:progress", args=[job.pk])


def stop(job: Job) -> str:
    return reverse("jobs:cancel", args=[job.pk])


def as_(client: Client, cast: Cast, name: str) -> Client:
    client.force_login(getattr(cast, name), backend="consilium.people.sessions.Backend")
    return client


@pytest.mark.parametrize(
    ("name", "seen", "stopped"),
    [("anna", 200, 403), ("rosa", 200, 403), ("lena", 200, 302), ("otto", 404, 404), ("nora", 404, 404)],
)
def test_members_see_leads_stop(
    client: Client, cast: Cast, job: Job, name: str, seen: int, stopped: int
) -> None:
    as_(client, cast, name)
    assert client.get(progress(job)).status_code == seen
    assert client.post(stop(job), {"next": "/s/chest/"}).status_code == stopped
    job.refresh_from_db()
    assert job.state == (JobState.CANCELLED if stopped == 302 else JobState.QUEUED)


def test_nobody_sees_nothing(client: Client, job: Job) -> None:
    assert client.get(progress(job)).status_code == 302
    assert client.post(stop(job)).status_code == 302
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


@pytest.mark.parametrize(("name", "status"), [("otto", 200), ("lena", 404)])
def test_a_system_job_is_for_operators(client: Client, cast: Cast, name: str, status: int) -> None:
    job = Job.objects.create(kind="test.job")
    assert as_(client, cast, name).get(progress(job)).status_code == status


def test_looking_changes_nothing_and_stopping_needs_a_post(client: Client, cast: Cast, job: Job) -> None:
    as_(client, cast, "lena")
    assert client.get(stop(job)).status_code == 405
    assert client.post(progress(job)).status_code == 405


def test_the_fragment_polls_until_the_job_is_over_and_then_reloads_the_page(
    client: Client, cast: Cast, job: Job
) -> None:
    as_(client, cast, "lena")
    claim(job.pk)
    Job.objects.update(progress_done=3, progress_total=12, progress_note="3 of 12 questions")
    response = client.get(progress(job))
    assert "HX-Refresh" not in response
    page = response.content.decode()
    assert f'hx-get="{progress(job)}"' in page
    assert 'hx-trigger="every 2s"' in page
    assert "3 of 12 questions" in page
    Job.objects.update(state=JobState.SUCCEEDED)
    response = client.get(progress(job))
    assert response["HX-Refresh"] == "true"
    assert "hx-get" not in response.content.decode()


def test_a_failed_job_shows_its_text_for_people_and_not_the_one_for_the_log(
    client: Client, cast: Cast, job: Job
) -> None:
    Job.objects.update(
        state=JobState.FAILED, error="<b>No rows</b>", error_detail="builtins.ValueError < x.py:1 f"
    )
    page = as_(client, cast, "anna").get(progress(job)).content.decode()
    assert "&lt;b&gt;No rows&lt;/b&gt;" in page
    assert "ValueError" not in page


def test_a_job_that_nobody_takes_says_whom_to_ask(client: Client, cast: Cast, job: Job) -> None:
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    assert "Ask the operator" in as_(client, cast, "anna").get(progress(job)).content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_after_stopping_one_stays_on_this_site(client: Client, cast: Cast, job: Job, target: str) -> None:
    response = as_(client, cast, "lena").post(stop(job), {"next": target})
    assert response["Location"] == "/"


def test_htmx_tells_the_page_to_return_to(client: Client, cast: Cast, job: Job) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/s/chest/runs/1/"}
    page = as_(client, cast, "lena").get(progress(job), headers=headers).content.decode()
    assert 'name="next" value="/s/chest/runs/1/"' in page


def test_a_page_includes_it_as_it_is(cast: Cast, job: Job) -> None:
    request = RequestFactory().get("/s/chest/runs/1/")
    request.user = cast.lena
    page = render_to_string("jobs/progress.html", {"job": job}, request)
    assert 'name="next" value="/s/chest/runs/1/"' in page
    assert "csrfmiddlewaretoken" in page
