"""Uploads of many files through the page: a whole series arrives, and too many are refused in words."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curation.imports import upload_handlers, uploads
from curation.models import Import
from tests.factories import curation as making
from tests.factories.cast import Cast


@pytest.fixture
def page(cast: Cast) -> Client:
    """Lena's browser, which sends the token of the form as hers would."""
    making.source(cast.study)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.lena)
    return client


def post(page: Client, number: int, content: bytes = b"x") -> Any:
    """Send a form with that many files, fields first, as browsers do."""
    address = reverse("curation:new-import", args=["chest"])
    form = page.get(address).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    source = re.search(r'<option value="(\d+)"', form)
    assert token
    assert source
    files = [SimpleUploadedFile(f"{n:05d}.dcm", content) for n in range(number)]
    return page.post(address, {"csrfmiddlewaretoken": token[1], "source": source[1], "uploads": files})


def left_behind(settings: Any) -> list[Path]:
    return [path for path in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir() if path.is_file()]


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir() if path.exists()}


@contextmanager
def few_descriptors(spare: int) -> Iterator[None]:
    """The process may open only so many files more than it has open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_series_arrives_whole_however_few_files_the_process_may_open(page: Client, settings: Any) -> None:
    with few_descriptors(100):
        response = post(page, 501, b"DICM" * 2000)
    batch = Import.objects.get()
    assert response.headers["Location"] == reverse("curation:import", args=["chest", batch.pk])
    assert [file["name"] for file in batch.files] == [f"{n:05d}.dcm" for n in range(501)]
    kept = uploads.upload_folder(batch.job.params["area"])
    assert {path.read_bytes() for path in kept.iterdir()} == {b"DICM" * 2000}
    assert left_behind(settings) == []


def test_files_cost_no_queries_of_their_own(page: Client) -> None:
    post(page, 1)
    with CaptureQueriesContext(
        connection,
    ) as one:
        post(page, 1)
    with CaptureQueriesContext(connection) as many:
        post(page, 40)
    assert len(many) == len(one)


def test_the_most_files_are_taken_and_one_more_is_refused_on_the_form(page: Client, settings: Any) -> None:
    assert uploads.MOST_FILES == 5000
    assert post(page, 5000).status_code == 302
    assert len(Import.objects.get().files) == 5000
    refused = post(page, 5003)
    assert refused.status_code == 422
    assert "These are more than 5,000 files" in refused.content.decode()
    assert Import.objects.count() == 1
    assert left_behind(settings) == []


def test_a_request_that_breaks_off_leaves_nothing_on_the_disk_and_nothing_open(settings: Any) -> None:
    files, open_before = left_behind(settings), descriptors()
    handler = upload_handlers.SpoolHandler()
    handler.new_file("uploads", "SMITH_JOHN.dcm", "application/dicom", None)
    handler.receive_data_chunk(b"half", 0)
    assert left_behind(settings) == files  # the spool has no name: it dies with the process
    del handler
    assert descriptors() == open_before
