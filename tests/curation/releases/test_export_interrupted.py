"""An export that is killed at a step or finds the disk full: no part of it is seen, the next is whole."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.jobs.run import run_now
from curation.models import Export, Release
from curation.releases.export import start_export, write_export
from curation.releases.export_gate import ExportRefused
from curation.releases.freeze import rows_of
from curation.releases.gather import freeze_traces
from curation.releases.kept_exports import export_folder
from tests.curation.releases.test_freeze_job import Killed, lose_worker
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.stored import path_of

STEPS = (
    "curation.layouts.hub.with_pixels",
    "curation.layouts.parquet.ParquetShards._flush",
    "curation.layouts.parquet.ParquetShards._name_shards",
    "curation.releases.export_files.write_manifest",
    "curation.releases.export_files.write_cards",
    "curation.releases.export.check_export",
    "curation.releases.export.check_images_stand",
    "consilium.atomic_folder.make_durable",
    "consilium.atomic_folder.Path.rename",
)


@pytest.fixture(autouse=True)
def _no_earlier_exports(settings: Any) -> Iterator[None]:
    """Equal releases have equal folders: what another test exported would be taken for this one's."""
    exports = Path(settings.CONSILIUM_HOME) / "exports"
    shutil.rmtree(exports, ignore_errors=True)
    yield
    shutil.rmtree(exports, ignore_errors=True)


@pytest.fixture
def release(cast: Cast) -> Release:
    of = making.source(cast.study)
    for number in range(2):
        making.trace(making.question(cast.study, of, number), making.endpoint())
    return freeze_traces(study=cast.study, name="First", by=cast.lena)


def hashes(folder: Path) -> dict[str, str]:
    """Each file of the folder and the hash of its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def is_offered(cast: Cast, export: Export) -> bool:
    client = Client()
    client.force_login(cast.lena)
    answer = client.get(reverse("curation:download-export", args=["chest", export.pk]))
    assert answer.status_code in (200, 404)
    return answer.status_code == 200


def stop_at(patched: pytest.MonkeyPatch, step: str, problem: BaseException) -> None:
    # The images are asked for before anything is written as well: the second time is the step.
    earlier = [step] if step.endswith("check_images_stand") else []

    def stop(*_: Any, **__: Any) -> None:
        if earlier:
            earlier.pop()
        else:
            raise problem

    patched.setattr(step, stop)


@pytest.mark.parametrize("step", STEPS)
def test_an_export_that_is_killed_is_not_there_and_the_next_try_makes_the_same_bytes(
    cast: Cast, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    expected = hashes(write_export(release, tmp_path / "undisturbed"))
    export = start_export(release=release, by=cast.lena)
    with monkeypatch.context() as patched:
        stop_at(patched, step, Killed())
        # What a kill cannot do either: clean up behind itself.
        patched.setattr("consilium.atomic_folder.shutil.rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            run_now(export.job)
    assert not export_folder(export).exists()
    assert not is_offered(cast, export)
    lose_worker(export.job)
    assert run_now(export.job).state == "succeeded"
    assert hashes(export_folder(export)) == expected
    assert is_offered(cast, export)
    left = [path.name for path in export_folder(export).parent.glob(f".{export.folder}*")]
    assert left == [], "what the killed try wrote is still there"


def test_an_export_that_finds_the_disk_full_leaves_nothing_and_can_be_made_again(
    cast: Cast, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = start_export(release=release, by=cast.lena)
    with monkeypatch.context() as patched:
        stop_at(patched, STEPS[2], OSError(28, "No space left on device"))
        job = run_now(export.job)
    assert (job.state, is_offered(cast, export)) == ("failed", False)
    assert list(export_folder(export).parent.glob(f"*{export.folder}*")) == []
    again = start_export(release=release, by=cast.lena)
    assert run_now(again.job).state == "succeeded"
    assert is_offered(cast, again)


def test_a_flipped_bit_in_a_stored_image_stops_the_export(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    blob = path_of(rows_of(release)[0].content["sha256"][0])
    original = blob.read_bytes()
    place = len(original) // 2
    blob.write_bytes(original[:place] + bytes([original[place] ^ 1]) + original[place + 1 :])
    try:
        with pytest.raises(ExportRefused, match=r"fails its own check.*changed in the store"):
            write_export(release, tmp_path / "out")
    finally:
        blob.write_bytes(original)
    assert list(tmp_path.iterdir()) == []
