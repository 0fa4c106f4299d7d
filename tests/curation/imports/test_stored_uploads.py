"""Uploads of a site whose hosts share no disk: received by one, imported by another, and then nowhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from consilium.blobs.blob_store import StoreAway
from consilium.blobs.object_store import ObjectStore
from consilium.blobs.probe import MARK
from consilium.blobs.site_store import site_id, site_store
from consilium.jobs.cancel import cancel
from consilium.jobs.run import run_now
from curation.imports import uploads
from curation.imports.run import look_at, start_import, sweep_stored_uploads, sweep_uploads
from curation.imports.uploads import Upload
from curation.models import Image, Import, Source
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.object_store import StoreServer

QUESTION = {"id": "Q1", "question": "What is it?", "options": {"A": "x", "B": "y"}, "answer": "A"}


@pytest.fixture
def source(cast: Cast, store_server: StoreServer, settings: Any) -> Source:
    settings.OBJECT_STORE = store_server.address()
    return making.source(cast.study)


@pytest.fixture(autouse=True)
def hosts(settings: Any, tmp_path: Path) -> tuple[Path, Path]:
    """The data folders of a web host, where each test begins, and of a worker."""
    web, worker = tmp_path / "web", tmp_path / "worker"
    web.mkdir()
    worker.mkdir()
    settings.CONSILIUM_HOME = web
    return web, worker


def send(cast: Cast, source: Source) -> Import:
    line = json.dumps(QUESTION | {"images": ["a.png"]}).encode() + b"\n"
    files = [Upload("a.png", [making.noise(1)]), Upload("q.jsonl", [line]), Upload("empty.txt", [])]
    return start_import(study=cast.study, source=source, files=files, by=cast.lena)


def keys() -> list[str]:
    return [file.key for file in site_store().files("uploads/")]


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_one_host_received_another_imports_and_no_original_is_left(
    cast: Cast, source: Source, settings: Any, hosts: tuple[Path, Path]
) -> None:
    batch = send(cast, source)
    assert files_in(hosts[0]) == []
    assert len(keys()) == 3
    settings.CONSILIUM_HOME = hosts[1]
    job = run_now(batch.job)
    assert (job.state, job.error_detail) == ("succeeded", "")
    assert job.result["accepted"] == 2
    assert Image.objects.count() == 1
    assert (keys(), files_in(hosts[1])) == ([], [])


def test_an_original_that_came_back_changed_is_not_imported(
    cast: Cast, source: Source, settings: Any, hosts: tuple[Path, Path]
) -> None:
    batch = send(cast, source)
    (picture,) = [key for key in keys() if key.endswith("00000")]
    site_store().put(picture, [making.noise(2)])
    settings.CONSILIUM_HOME = hosts[1]
    job = run_now(batch.job)
    assert (job.state, "was damaged" in job.error) == ("failed", True)
    assert not Image.objects.exists()
    assert files_in(hosts[1]) == []


def test_originals_that_are_gone_are_asked_for_again(cast: Cast, source: Source) -> None:
    batch = send(cast, source)
    site_store().delete(keys())
    job = run_now(batch.job)
    assert (job.state, "upload them again" in job.error) == ("failed", True)


def test_an_upload_that_cannot_be_passed_on_is_refused_and_leaves_nothing(
    cast: Cast, source: Source, hosts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    put, left = ObjectStore.put, [1]

    def away(self: ObjectStore, *args: Any) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise StoreAway("cut")
        return put(self, *args)

    monkeypatch.setattr(ObjectStore, "put", away)
    with pytest.raises(StoreAway):
        send(cast, source)
    assert not Import.objects.exists()
    assert (keys(), files_in(hosts[0])) == ([], [])


def test_a_dry_run_stays_on_its_host(cast: Cast, source: Source, hosts: tuple[Path, Path]) -> None:
    assert look_at(study=cast.study, source=source, files=[Upload("a.png", [making.noise(1)])]).accepted == 1
    assert (keys(), files_in(hosts[0])) == ([], [])


def test_originals_that_nobody_will_import_are_destroyed(
    cast: Cast, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled, waiting = send(cast, source), send(cast, source)
    cancel(job=cancelled.job, by=cast.lena)
    delete = ObjectStore.delete_tree

    def away(self: ObjectStore, prefix: str) -> None:
        raise StoreAway("gone")

    monkeypatch.setattr(ObjectStore, "delete_tree", away)
    sweep_uploads()  # does not raise, and forgets nothing
    assert len(keys()) == 6
    monkeypatch.setattr(ObjectStore, "delete_tree", delete)
    sweep_uploads()
    assert {key.split("/")[1] for key in keys()} == {f"import-{waiting.job.params['area']}"}
    site_store().put("uploads/import-of-a-request-that-died/00000", [b"x"])
    site_store().put(MARK, [site_id().encode()])
    sweep_stored_uploads()
    assert len(keys()) == 4  # it may be on its way
    monkeypatch.setattr(uploads, "DAY_SECONDS", -60)
    sweep_stored_uploads()
    assert len(keys()) == 3
