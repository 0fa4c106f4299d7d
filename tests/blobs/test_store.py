"""The store of contents: named by what is in them, whole or absent, checked and mended."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from consilium.blobs.models import Blob
from consilium.blobs.store import BlobDamaged, damaged_blobs, open_blob, put, put_file, read_blob
from tests.harness.stored import path_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.CONSILIUM_HOME = tmp_path
    return tmp_path


def test_the_same_bytes_are_stored_once(home: Path) -> None:
    first, again = put(b"an image", "image/png"), put(b"an image", "image/png")
    (home / "upload").write_bytes(b"an image")
    streamed = put_file(home / "upload", "image/png")
    assert first == again == streamed
    assert (first.size, Blob.objects.count()) == (8, 1)
    assert read_blob(first.sha256) == b"an image"


@pytest.mark.parametrize("content", [None, b"an imagE", b""])
def test_a_damaged_file_is_refused_and_the_right_bytes_mend_it(home: Path, content: bytes | None) -> None:
    blob = put(b"an image", "image/png")
    path = path_of(blob.sha256)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BlobDamaged) as refusal:
        read_blob(blob.sha256)
    assert str(home) not in str(refusal.value)
    assert damaged_blobs(lambda: None) == [blob.sha256]
    assert put(b"an image", "image/png") == blob
    assert read_blob(blob.sha256) == b"an image"
    path.write_bytes(b"once more")
    (home / "upload").write_bytes(b"an image")
    put_file(home / "upload", "image/png")
    assert damaged_blobs(lambda: None) == []


def test_the_scrub_stops_when_told() -> None:
    for number in range(3):
        put(f"image {number}".encode(), "image/png")
    seen: list[int] = []

    def check() -> None:
        seen.append(1)
        if len(seen) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        damaged_blobs(check)
    assert len(seen) == 2


def test_a_write_that_fails_leaves_neither_row_nor_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("consilium.blobs.folder_store.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(b"an image", "image/png")
    assert not Blob.objects.exists()
    assert [path for path in home.rglob("*") if path.is_file()] == []
    with pytest.raises(BlobDamaged):
        open_blob("0" * 64)
