"""What people who are signed in may send: forms, files where a form takes them, from whom it takes them."""

import shutil
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from consilium.people.models import Person
from curation.imports import upload_handlers
from tests.factories import curation as making
from tests.factories.cast import Cast

MEBIBYTE = 1 << 20


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> list[int]:
    """Sizes of what was written to the spool."""
    making.source(cast.study)
    pieces: list[int] = []
    append = upload_handlers.Spool.append

    def noting(self: upload_handlers.Spool, content: bytes) -> None:
        pieces.append(len(content))
        append(self, content)

    monkeypatch.setattr(upload_handlers.Spool, "append", noting)
    return pieces


def send(person: Person, view: str, size: int) -> Any:
    """A form of the study with one file, as a browser sends it."""
    client = Client()
    client.force_login(person)
    files = {"uploads": SimpleUploadedFile("a.png", b"x" * size)}
    return client.post(reverse(view, args=["chest"]), files)


def test_a_lead_uploads_what_the_limit_allows(cast: Cast, stored: list[int], settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 4 * MEBIBYTE
    assert send(cast.lena, "curation:new-import", 3 * MEBIBYTE).status_code == 422  # no source was chosen
    assert sum(stored) == 3 * MEBIBYTE
    stored.clear()
    refused = send(cast.lena, "curation:new-import", 5 * MEBIBYTE)
    assert (refused.status_code, stored) == (413, [])
    assert "more than may be sent here at once (4 MB)" in refused.content.decode()


@pytest.mark.parametrize(("name", "status"), [("anna", 403), ("rosa", 403), ("nora", 404), ("otto", 404)])
def test_files_of_who_may_not_import_are_not_read(
    cast: Cast, stored: list[int], name: str, status: int
) -> None:
    assert send(getattr(cast, name), "curation:new-import", 3 * MEBIBYTE).status_code == status
    assert stored == []


@pytest.mark.parametrize(("size", "status"), [(100, 400), (3 * MEBIBYTE, 413)])
def test_a_form_without_files_takes_none(cast: Cast, stored: list[int], size: int, status: int) -> None:
    assert send(cast.lena, "people:settings", size).status_code == status
    assert stored == []


def test_a_disk_without_room_is_named_before_it_is_full(
    cast: Cast, stored: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=260 * MEBIBYTE)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    refused = send(cast.lena, "curation:new-import", 3 * MEBIBYTE)
    assert (refused.status_code, stored) == (507, [])
    assert "no room for these files" in refused.content.decode()


def test_text_of_more_than_a_form_holds_is_refused_with_its_limit(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.lena)
    for size, status in ((MEBIBYTE, 200), (3 * MEBIBYTE, 413)):
        body = b"text=" + b"x" * size
        sent = client.post(
            reverse("people:guidelines", args=["chest"]), body, "application/x-www-form-urlencoded"
        )
        assert sent.status_code in (status, 302)
    assert "(2 MB)" in sent.content.decode()
