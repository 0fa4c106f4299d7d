"""The pages of pipelines: the form, the list, one pipeline with its steps, and their buttons."""

import pytest
from django.test import Client

from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from dashboard.models import Pipeline
from dashboard.pipelines.advance import advance
from tests.factories import benchmark as scoring
from tests.factories import pipelines as making
from tests.factories import training
from tests.factories.cast import Cast
from training.models import Run

PAGES = "/s/chest/pipelines/"


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


def shown(lead: Client, address: str = PAGES) -> str:
    answer = lead.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_what_is_missing_is_named_with_where_to_get_it(cast: Cast, lead: Client) -> None:
    assert "No pipeline yet" in shown(lead)
    assert "No trace release yet" in shown(lead, f"{PAGES}new/")
    training.trace_release(cast.study, cast.lena)
    assert "No base model yet" in shown(lead, f"{PAGES}new/")
    training.base_endpoint()
    assert "No test questions yet" in shown(lead, f"{PAGES}new/")
    scoring.questions(cast, name="Dev", seed=13, split="dev")
    assert "No test questions yet" in shown(lead, f"{PAGES}new/")


def form_of(cast: Cast) -> dict[str, object]:
    release, questions = training.trace_release(cast.study, cast.lena), scoring.questions(cast)
    chosen = {"release": release.pk, "questions": questions.pk, "base": training.base_endpoint().pk}
    return chosen | {"kind": "whole", "preset": "smoke", "seeds": "7"}


def test_the_form_starts_one_and_shows_it_as_one_thing(cast: Cast, lead: Client) -> None:
    sent = form_of(cast)
    answer = lead.post(f"{PAGES}new/", sent)
    made = Pipeline.objects.get()
    assert answer.headers["Location"] == f"{PAGES}{made.pk}/"
    assert (made.actor, made.seeds, made.preset) == (cast.lena, [7], "smoke")
    page = shown(lead, f"{PAGES}{made.pk}/")
    assert "0 of 6" in page
    assert "Waits for" in page
    run = Run.objects.order_by("pk")[0]
    assert f'href="/s/chest/runs/{run.pk}/"' in page
    assert 'hx-trigger="every 2s"' in page
    Job.objects.filter(pk=run.job_id).update(
        state=JobState.RUNNING,
        claim_token="6f2b0c1e-3f7e-4d0a-9d9b-0d2b6d1c7a11",
        lease_until="2126-01-01T00:00Z",
        started_at="2026-01-01T00:00Z",
        progress_done=50,
        progress_total=80,
    )
    assert "50 of 80" in shown(lead, f"{PAGES}{made.pk}/live/")
    assert "0 of 6" in shown(lead)


def test_the_page_rests_when_it_is_over_and_says_why_it_failed(cast: Cast, lead: Client) -> None:
    made = making.started(cast)
    first, *others = making.at_work(made)
    for step in others:
        making.end(step)
    making.end(first, JobState.FAILED, "The disk is full.")
    advance(made)
    answer = lead.get(f"{PAGES}{made.pk}/live/")
    assert answer.headers["HX-Refresh"] == "true"
    page = shown(lead, f"{PAGES}{made.pk}/")
    assert "hx-trigger" not in page.split("pipeline-live")[1].split(">")[0]
    assert "Expert adult medicine failed. The disk is full." in page
    assert "Resume goes on with Expert adult medicine; the 2 completed steps are not repeated." in page
    assert lead.post(f"{PAGES}{made.pk}/resume/").status_code == 302
    assert "goes on." in shown(lead, f"{PAGES}{made.pk}/")
    assert lead.post(f"{PAGES}{made.pk}/cancel/").status_code == 302
    assert Pipeline.objects.get().state == "cancelled"
    lead.post(f"{PAGES}{made.pk}/cancel/")
    assert "there is nothing to stop" in shown(lead, f"{PAGES}{made.pk}/")


def test_what_is_wrong_stands_beside_its_field(cast: Cast, lead: Client) -> None:
    sent = form_of(cast)
    for changes, said in (
        ({"seeds": "7, x"}, "“x” is no seed"),
        ({"seeds": "99999999999"}, "is no seed"),
        ({"seeds": "7 8"}, "One pipeline takes one seed"),
        ({"seeds": str(2**31)}, "The seed must lie between"),
        ({"preset": "none"}, "Select a valid choice"),
        ({"release": "77"}, "Select a valid choice"),
    ):
        answer = lead.post(f"{PAGES}new/", sent | changes)
        assert answer.status_code == 200
        assert said in answer.content.decode(), changes
    assert not Pipeline.objects.exists()


def test_another_studys_pipeline_does_not_exist_here(cast: Cast, lead: Client) -> None:
    made = making.started(cast)
    stranger = Client()
    stranger.force_login(cast.nora)
    for path in ("", "live/", "resume/", "cancel/"):
        address = f"/s/other/pipelines/{made.pk}/{path}"
        send = stranger.post if path in ("resume/", "cancel/") else stranger.get
        assert send(address).status_code == 404
    assert stranger.get(f"{PAGES}{made.pk}/").status_code == 404
