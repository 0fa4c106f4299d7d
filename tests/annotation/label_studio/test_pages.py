"""The leads' page: what is where, who is who, push, pull and files."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from annotation.label_studio.models import LabelStudioConnection, LabelStudioUser
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from curation.models import Source
from tests.annotation.label_studio.stub import TOKEN, LabelStudioStub
from tests.annotation.label_studio.test_mapper import result, without
from tests.factories import annotation as making
from tests.factories.cast import Cast


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.lena)
    return client


def address(name: str, **more: int) -> str:
    return reverse(f"annotation:{name}", kwargs={"study": "chest", **more})


def shown(lead: Client) -> str:
    answer = lead.get(address("label-studio"))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def run_newest() -> None:
    run_now(Job.objects.latest("created_at"))


def test_from_an_empty_page_to_votes(cast: Cast, lead: Client, stub: LabelStudioStub) -> None:
    making.opened(cast, 2)
    page = shown(lead)
    assert "Nothing lies there yet" in page
    assert "Nobody has annotated yet" in page
    lead.post(address("connect-label-studio"), {"base_url": stub.url, "token": TOKEN})
    page = shown(lead)
    assert "Push 2 comparisons" in page
    assert f"…{TOKEN[-4:]}" in page
    assert TOKEN not in page
    lead.post(address("push-tasks"), {"kind": "compare"})
    assert "Sending tasks to Label Studio" in shown(lead)
    run_newest()
    page = shown(lead)
    assert "2 tasks sent; 2 lie there now." in page
    assert f"{stub.url}/projects/1/" in page
    stub.annotate(stub.tasks[0], 2, result())
    stub.annotate(stub.tasks[0], 3, result())
    stub.annotate(stub.tasks[1], 2, without(result(), "overall"))
    lead.post(address("pull-annotations"))
    run_newest()
    page = shown(lead)
    assert "reader0@peer.example" in page
    user = LabelStudioUser.objects.get(number=2)
    answer = lead.post(address("name-label-studio-user", pk=user.pk), {"person": cast.anna.pk}, follow=True)
    assert "is Anna; pull to take what waited" in answer.content.decode()
    lead.post(address("pull-annotations"))
    run_newest()
    page = shown(lead)
    assert "task 2, annotation 3" in page
    assert "It leaves out &#x27;overall&#x27;." in page
    lead.post(address("forget-label-studio"))
    assert LabelStudioConnection.objects.get().sealed_token == ""
    assert "was forgotten; enter one to go on" in shown(lead)


def test_wrong_entries_are_told_beside_the_form(lead: Client) -> None:
    answer = lead.post(address("connect-label-studio"), {"base_url": "https://x.example", "token": TOKEN})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "x.example:443 is not among the addresses" in page
    assert TOKEN not in page


def test_what_cannot_be_done_is_a_message(cast: Cast, lead: Client) -> None:
    for name in ("push-tasks", "pull-annotations", "forget-label-studio"):
        answer = lead.post(address(name), {"kind": "compare"}, follow=True)
        assert "This study has no Label Studio server" in answer.content.decode()
    user = LabelStudioUser.objects.create(study=cast.study, number=4)
    answer = lead.post(address("name-label-studio-user", pk=user.pk), {"person": cast.nora.pk}, follow=True)
    assert "Choose an annotator or adjudicator" in answer.content.decode()
    other = LabelStudioUser.objects.create(study=cast.other_study, number=4)
    assert lead.post(address("name-label-studio-user", pk=other.pk), {"person": ""}).status_code == 404


def test_tasks_and_labels_as_files(cast: Cast, lead: Client) -> None:
    making.opened(cast, 3)
    answer = lead.post(address("label-studio-tasks"), {"kind": "compare"}, follow=True)
    assert "the source does not permit" in answer.content.decode()
    Source.objects.update(may_send_to_hosted=True)
    answer = lead.post(address("label-studio-tasks"), {"kind": "compare"})
    assert answer["Content-Disposition"] == 'attachment; filename="chest-compare-tasks.json"'
    tasks = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert len(tasks) == 3
    labels = lead.get(address("label-studio-config"), {"kind": "review"})
    assert labels["Content-Disposition"] == 'attachment; filename="chest-review-labels.xml"'
    assert b"$steps" in labels.content
    assert "by file" in shown(lead)
