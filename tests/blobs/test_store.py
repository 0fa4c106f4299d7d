"""The store of contents: named by what is in them, whole or absent, checked and mended."""

import errno
import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from consilium.blobs.blob_store import StoreAway
from consilium.blobs.folder_store import FolderStore
from consilium.blobs.models import Blob
from consilium.blobs.probe import MARK
from consilium.blobs.purge import delete_strays, purge
from consilium.blobs.site_store import site_id, site_store
from consilium.blobs.store import (
    BlobDamaged,
    BlobPurged,
    damaged_blobs,
    is_intact,
    keep_stored,
    key_of,
    open_blob,
    put,
    put_file,
    read_blob,
)
from tests.harness.object_store import StoreServer, bad_way

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, params=["folder", "bucket"])
def home(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Path:
    settings.CONSILIUM_HOME = tmp_path
    if request.param == "bucket":
        settings.OBJECT_STORE = request.getfixturevalue("store_server").address()
    return tmp_path


def damage(blob: Blob, content: bytes | None) -> None:
    """Put other bytes in the place of a content, or none."""
    store = site_store()
    store.delete([key_of(blob.sha256)])
    if content is not None:
        store.put(key_of(blob.sha256), [content])


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
    damage(blob, content)
    with pytest.raises(BlobDamaged) as refusal:
        read_blob(blob.sha256)
    assert str(home) not in str(refusal.value)
    assert not is_intact(blob.sha256)
    assert damaged_blobs(lambda: None) == [blob.sha256]
    assert put(b"an image", "image/png") == blob
    assert read_blob(blob.sha256) == b"an image"
    damage(blob, b"once more")
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


def test_a_write_that_fails_leaves_neither_row_nor_file(
    home: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(28, "No space left on device")

    settings.OBJECT_STORE = None
    monkeypatch.setattr("consilium.blobs.folder_store.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(b"an image", "image/png")
    assert not Blob.objects.exists()
    assert [path for path in home.rglob("*") if path.is_file()] == []
    with pytest.raises(BlobDamaged):
        open_blob("0" * 64)


def test_a_file_that_the_disk_cannot_read_is_damaged(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OBJECT_STORE = None
    blob = put(b"an image", "image/png")

    def unreadable(self: FolderStore, key: str) -> BinaryIO:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(FolderStore, "open", unreadable)
    assert damaged_blobs(lambda: None) == [blob.sha256]


def test_while_the_store_is_away_nothing_is_stored_and_nothing_is_called_damaged(
    store_server: StoreServer, settings: Any
) -> None:
    settings.OBJECT_STORE = store_server.address()
    blob = put(b"an image", "image/png")
    with bad_way(store_server) as way:
        there = settings.OBJECT_STORE
        settings.OBJECT_STORE = replace(there, endpoint=f"http://127.0.0.1:{way.port}", seconds=0.4)
        way.mode = "closed"
        for ask in (
            lambda: read_blob(blob.sha256),
            lambda: damaged_blobs(lambda: None),
            lambda: put(b"another image", "image/png"),
            lambda: purge([blob.sha256], lambda _: (), lambda: None),
        ):
            with pytest.raises(StoreAway):
                ask()
    settings.OBJECT_STORE = there
    assert list(Blob.objects.values_list("sha256", flat=True)) == [blob.sha256]
    assert read_blob(blob.sha256) == b"an image"


def test_purged_contents_are_gone_from_the_store_and_may_come_back() -> None:
    blob = put(b"an image", "image/png")
    done = purge([blob.sha256], lambda _: (), lambda: None)
    assert (done.digests, done.bytes, done.kept) == ([blob.sha256], 8, [])
    assert list(site_store().files("blobs/")) == []
    with pytest.raises(BlobPurged):
        read_blob(blob.sha256)
    put(b"an image", "image/png")
    assert read_blob(blob.sha256) == b"an image"
    assert keep_stored([blob.sha256])


def test_strays_of_another_site_are_left_alone(
    store_server: StoreServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OBJECT_STORE = store_server.address()
    stray = key_of(hashlib.sha256(b"of whom?").hexdigest())
    site_store().put(stray, [b"of whom?"])
    monkeypatch.setattr("consilium.blobs.purge.STRAY_SECONDS", -60)
    for mark in (None, b"another site"):
        if mark is not None:
            site_store().put(MARK, [mark])
        assert delete_strays(lambda: None).digests == []
        assert site_store().size(stray) == 8
    site_store().put(MARK, [site_id().encode()])
    assert delete_strays(lambda: None).bytes == 8
    assert site_store().size(stray) is None
