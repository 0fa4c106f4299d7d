"""Who was shown which image is on record: once a day, for frames that were sent to who may see them."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consilium.audit.models import AuditEvent
from curation.images import image_views
from curation.models import Image, ImageView
from tests.factories import curation as making
from tests.factories.cast import Cast


@pytest.fixture(autouse=True)
def _a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_views, "_written", set())


@pytest.fixture
def image(cast: Cast) -> Image:
    question = making.question(cast.study, making.source(cast.study), 0)
    return question.ordered_images()[0]


def frame(cast: Cast, image: Image, person: Any) -> int:
    client = Client()
    client.force_login(person)
    status: int = client.get(f"/images/{image.pk}/frames/0.bin").status_code
    return status


def seen() -> list[tuple[int, str]]:
    return list(ImageView.objects.order_by("pk").values_list("image", "person__username"))


def test_a_view_is_on_record_once_a_day_and_person(cast: Cast, image: Image) -> None:
    for person in (cast.anna, cast.anna, cast.ben):
        assert frame(cast, image, person) == 200
    image_views._written.clear()  # another web process
    frame(cast, image, cast.anna)
    assert seen() == [(image.pk, "anna"), (image.pk, "ben")]
    assert not AuditEvent.objects.exists()


def test_who_may_not_see_it_and_a_frame_that_is_not_there_leave_no_view(cast: Cast, image: Image) -> None:
    assert frame(cast, image, cast.nora) == 404
    client = Client()
    client.force_login(cast.anna)
    assert client.get(f"/images/{image.pk}/frames/99.bin").status_code == 404
    assert client.get(f"/images/{image.pk}/thumbnail.png").status_code == 200
    assert seen() == []


def test_the_view_is_written_when_the_server_has_sent_the_picture_and_costs_one_statement_a_day(
    cast: Cast, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpResponse, "close", lambda answer: None)  # it would close the test's connection
    answer = image_views.ShownPicture(b"pixels")
    image_views.note_when_sent(answer, image, cast.anna)
    assert seen() == []
    with CaptureQueriesContext(connection) as asked:
        answer.close()
        answer.close()
    assert seen() == [(image.pk, "anna")]
    assert [query["sql"][:6] for query in asked] == ["INSERT"]


def test_a_view_that_cannot_be_stored_does_not_fail_the_answer(
    cast: Cast, image: Image, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as away:
        away.setattr(ImageView.objects, "bulk_create", fail)
        assert frame(cast, image, cast.anna) == 200
    assert "image_view.not_stored" in caplog.text
    frame(cast, image, cast.anna)
    assert seen() == [(image.pk, "anna")]


def test_the_command_tells_who_saw_an_image_and_what_a_person_saw(cast: Cast, image: Image) -> None:
    frame(cast, image, cast.anna)
    frame(cast, image, cast.ben)

    def told(*words: str) -> list[str]:
        out = StringIO()
        call_command("image_views", *words, "--json", stdout=out)
        return [view["person"] for view in json.loads(out.getvalue())["views"]]

    assert told("--image", str(image.pk)) == ["ben", "anna"]
    assert told("--person", "anna") == ["anna"]
    assert told("--image", "999999") == []
