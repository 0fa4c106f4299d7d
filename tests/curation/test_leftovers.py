"""What is left behind by killed processes and cancelled imports goes; what is used or young stays."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from consilium.audit.models import AuditEvent
from consilium.blobs.folder_store import TEMPORARY
from consilium.blobs.models import Blob
from consilium.blobs.store import damaged_blobs, put
from consilium.jobs import reaper
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.jobs.run import run_now
from curation import tasks
from curation.images.pixel_review import withdraw_image
from curation.images.purge import start_purge
from curation.imports import plan
from curation.imports.run import start_import
from curation.imports.uploads import Upload
from curation.models import Image
from curation.releases.gather import freeze_traces
from curation.releases.verify import verify
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.stored import path_of


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.CONSILIUM_HOME = tmp_path
    return tmp_path


def sweep() -> Job:
    job = run_now(enqueue(kind=tasks.LEFTOVERS, by=None, study=None, params={}))
    assert job.state == "succeeded", job.error_detail
    return job


def age(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (1, 1))


def files(home: Path) -> set[str]:
    return {path.name for path in (home / "blobs").rglob("*") if path.is_file()}


def test_files_that_no_row_knows_and_half_written_ones_go_after_a_day(cast: Cast, home: Path) -> None:
    stray, half = path_of("ab" * 32), path_of("ab" * 32).with_name(f"{TEMPORARY}x1")
    young = path_of("cd" * 32)
    for path in (stray, half, young):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"pixels")
    age(stray, half)
    assert sweep().result["files"] == 1
    assert files(home) == {young.name}
    event = AuditEvent.objects.get(action="blobs.leftovers_deleted")
    assert (event.data["files"], event.data["bytes"], event.study) == ([stray.name], 6, None)
    assert sweep().result["files"] == 0


def test_contents_that_nothing_uses_go_after_a_day_and_all_others_stay(cast: Cast, home: Path) -> None:
    making.trace(making.question(cast.study, making.source(cast.study), 1), making.endpoint())
    release = freeze_traces(study=cast.study, name="Traces 1", by=cast.lena)
    unused, young = put(b"of a cancelled import", "image/png"), put(b"of one that runs", "image/png")
    Blob.objects.exclude(pk=young.pk).update(created_at=timezone.now() - timedelta(days=2))
    before = files(home)
    assert sweep().result["files"] == 1
    assert before - files(home) == {unused.sha256}
    assert verify(release) == []
    assert damaged_blobs(lambda: None) == []
    assert put(b"of a cancelled import", "image/png").purged_at is None


def test_a_purged_file_that_is_on_the_disk_again_goes(cast: Cast, home: Path) -> None:
    image = making.image(cast.study, making.source(cast.study), 1)
    withdraw_image(image=image, reason="A name.", by=cast.lena)
    run_now(start_purge(study=cast.study, by=cast.lena, reason="A name."))
    path_of(image.thumbnail_blob).write_bytes(b"restored by hand")
    sweep()
    assert files(home) == set()


def test_pixels_of_a_refused_image_do_not_come_back_with_an_equal_upload(cast: Cast, home: Path) -> None:
    own = making.source(cast.study)

    def take_in() -> None:
        sent = [Upload("a.png", [making.noise(3)])]
        job = run_now(start_import(study=cast.study, source=own, files=sent, by=cast.lena).job)
        assert job.state == "succeeded"

    take_in()
    image = Image.objects.get()
    withdraw_image(image=image, reason="A name.", by=cast.lena)
    run_now(start_purge(study=cast.study, by=cast.lena, reason="A name."))
    assert files(home) == set()
    take_in()
    assert files(home) == set()
    assert Image.objects.get().state == "purged"
    assert list((home / "uploads").iterdir()) == []


def test_nothing_of_a_refused_file_is_left_on_the_disk(
    cast: Cast, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by the decoder, or rebuilt and refused because its group has another use: none is stored."""
    monkeypatch.setattr(plan, "_group_picture", lambda *_: False)
    own = making.source(cast.study)
    sent = [Upload("a.png", [b"%PDF-1.4 SMITH"]), Upload("b.png", [making.png((1, 2, 3))])]
    job = run_now(start_import(study=cast.study, source=own, files=sent, by=cast.lena).job)
    assert (job.state, job.result["refused"]) == ("succeeded", 2)
    assert not (home / "blobs").exists()
    assert list((home / "uploads").iterdir()) == []


def test_the_sweeper_queues_it_once_a_day_beside_the_daily_check(db: None) -> None:
    reaper.tick()
    reaper.tick()
    kinds = Job.objects.order_by("kind").values_list("kind", flat=True)
    assert list(kinds) == [tasks.LEFTOVERS, reaper.DAILY_KIND]
