"""Exports of a site whose hosts share no disk: written by one, downloaded from another."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.blobs.blob_store import StoreAway
from consilium.blobs.object_store import ObjectStore
from consilium.blobs.site_store import site_store
from consilium.jobs.run import run_now
from curation.images.copies import remove_copies
from curation.models import Export, Release
from curation.releases import kept_exports
from curation.releases.export import start_export
from curation.releases.gather import freeze_traces
from curation.releases.kept_exports import export_folder, is_kept, remove_left_folders
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.object_store import StoreServer


@pytest.fixture
def release(cast: Cast, store_server: StoreServer, settings: Any, tmp_path: Path) -> Release:
    settings.CONSILIUM_HOME = tmp_path / "worker"
    settings.OBJECT_STORE = store_server.address()
    settings.CONSILIUM_HOME.mkdir()
    of = making.source(cast.study)
    for number in range(2):
        making.trace(making.question(cast.study, of, number), making.endpoint())
    return freeze_traces(study=cast.study, name="First", by=cast.lena)


def keys() -> list[str]:
    return sorted(file.key for file in site_store().files("exports/"))


def test_an_export_that_a_worker_wrote_is_downloaded_from_another_host_until_an_image_is_purged(
    cast: Cast, release: Release, settings: Any, tmp_path: Path
) -> None:
    export = start_export(release=release, by=cast.lena)
    assert run_now(export.job).state == "succeeded"
    assert not export_folder(export).exists()  # the worker's disk keeps nothing of it
    settings.CONSILIUM_HOME = tmp_path / "web"
    settings.CONSILIUM_HOME.mkdir()
    lead = Client()
    lead.force_login(cast.lena)
    url = reverse("curation:download-export", args=[cast.study.slug, export.pk])
    assert url in lead.get(reverse("curation:release", args=[cast.study.slug, release.pk])).content.decode()
    content = b"".join(lead.get(url).streaming_content)  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = {name.removeprefix(f"{export.folder}/") for name in archive.namelist()}
    assert {"data/traces/train-00000-of-00001.parquet", "MANIFEST.json", "README.md"} < names
    assert len(names) == len(keys()) == 8
    remove_copies(release)
    assert (keys(), is_kept(export), lead.get(url).status_code) == ([], False, 404)


def test_an_export_is_whole_or_not_there_when_the_store_goes_away_and_goes_on_later(
    cast: Cast, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, put, left = start_export(release=release, by=cast.lena), ObjectStore.put, [3]

    def away(self: ObjectStore, key: str, *args: Any) -> int:
        left[0] -= key.startswith("exports/")
        if left[0] < 0:
            raise StoreAway("cut")
        return put(self, key, *args)

    monkeypatch.setattr(ObjectStore, "put", away)
    monkeypatch.setattr("consilium.jobs.run.STORE_SECONDS", 0.0)
    assert run_now(export.job).state == "queued"
    assert (len(keys()), is_kept(export)) == (3, False)
    left[0] = 100
    assert run_now(export.job).state == "succeeded"
    assert (len(keys()), is_kept(export)) == (8, True)


def test_an_image_that_is_withdrawn_while_the_export_travels_is_not_offered(
    cast: Cast, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, looked = start_export(release=release, by=cast.lena), []

    def withdrawn(*args: Any) -> None:
        looked.append(1)
        if len(looked) == 2:  # the first look was before the rename
            raise StoreAway("stands for any refusal")

    monkeypatch.setattr("curation.releases.export.check_images_stand", withdrawn)
    monkeypatch.setattr("curation.releases.export.check_may_leave", lambda *args: None)
    run_now(export.job)
    assert len(looked) == 2
    assert not is_kept(export)


def test_what_a_killed_export_left_on_a_workers_disk_is_cleared(
    cast: Cast, release: Release, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = export_folder(Export(folder="demo-traces-1"))
    (left / "images").mkdir(parents=True)
    remove_left_folders()
    assert left.exists()  # it may be at work
    monkeypatch.setattr(kept_exports, "LEFT_SECONDS", -60)
    remove_left_folders()
    assert not left.exists()
    (left / "images").mkdir(parents=True)
    settings.OBJECT_STORE = None  # here it is the export itself
    remove_left_folders()
    assert left.exists()
