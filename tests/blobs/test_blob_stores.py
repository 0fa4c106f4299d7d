"""What a store of files promises, asked of a folder and of a bucket alike, and what only a bucket suffers."""

import hashlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from consilium.blobs.blob_store import BlobStore, ContentDiffers, StoreAway, StoreRefuses
from consilium.blobs.folder_store import FolderStore
from consilium.blobs.object_store import PIECE, ObjectStore
from consilium.blobs.probe import CHANGES, FOREIGN, LACKING, StoreReport, report_on, try_store
from tests.harness.object_store import VERSIONED, StoreServer, bad_way, by_way

LARGE = bytes(range(256)) * (PIECE // 256) + b"and a part that is smaller"


@pytest.fixture
def bucket(store_server: StoreServer) -> ObjectStore:
    return ObjectStore(store_server.address())


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return request.getfixturevalue("bucket") if request.param == "bucket" else FolderStore(tmp_path)


def pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 1 << 20):
        yield content[start : start + (1 << 20)]


@pytest.mark.parametrize("content", [b"", b"an image", LARGE], ids=["empty", "small", "in parts"])
def test_what_was_put_is_read_from_any_place(store: BlobStore, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    assert store.size("blobs/x") is None
    for _ in range(2):  # once more changes nothing
        assert store.put("blobs/x", pieces(content), digest) == len(content)
    with store.open("blobs/x") as file:
        assert file.read() == content
        assert file.read(1) == b""
        file.seek(-6, os.SEEK_END) if content else None
        assert file.read() == content[-6:]
        file.seek(len(content) // 2)
        assert file.read(10) == content[len(content) // 2 :][:10]
    assert store.size("blobs/x") == len(content)
    assert [(file.key, file.size) for file in store.files("blobs/")] == [("blobs/x", len(content))]


@pytest.mark.parametrize("content", [b"an image", LARGE], ids=["small", "in parts"])
def test_other_bytes_than_promised_leave_nothing(store: BlobStore, content: bytes) -> None:
    def broken() -> Iterator[bytes]:
        yield from pieces(content)
        raise InterruptedError

    with pytest.raises(ContentDiffers):
        store.put("blobs/x", pieces(content), "0" * 64)
    with pytest.raises(InterruptedError):
        store.put("blobs/x", broken())
    assert store.size("blobs/x") is None
    assert list(store.files("blobs/")) == []
    store.put("blobs/x", [b"first"])
    with pytest.raises(ContentDiffers):
        store.put("blobs/x", pieces(content), "0" * 64)
    with store.open("blobs/x") as file:
        assert file.read() == b"first"


def test_files_are_listed_moved_and_deleted_by_their_keys(store: BlobStore) -> None:
    names = ["exports/a/rows.jsonl", "exports/a/images/1 ü#%.png", "exports/ab/rows.jsonl", "uploads/a"]
    for name in names:
        store.put(name, [name.encode()])
    assert sorted(file.key for file in store.files("exports/a/")) == sorted(names[:2])
    assert all(abs(file.modified - time.time()) < 60 for file in store.files("exports/"))
    with store.open(names[1]) as file:
        assert file.read().decode() == names[1]
    assert store.move("uploads/a", "quarantine/a")
    assert not store.move("uploads/a", "quarantine/a")  # done again it ends the same
    assert store.size("quarantine/a") == len("uploads/a")
    store.delete_tree("exports/a/")
    store.delete(["quarantine/a", "quarantine/never"])
    store.delete([])
    assert [
        file.key for prefix in ("exports/", "quarantine/", "uploads/") for file in store.files(prefix)
    ] == [names[2]]
    with pytest.raises(FileNotFoundError):
        store.open(names[0])


def test_drafts_of_a_killed_writer_are_deleted_when_they_are_old(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("blobs/a/b", [b"whole"])
    half = tmp_path / "blobs" / "a" / ".new-half"
    half.write_bytes(b"ha")
    store.delete_drafts("blobs/", half.stat().st_mtime - 1)
    assert [file.key for file in store.files("blobs/")] == ["blobs/a/b"]
    assert half.exists()
    store.delete_drafts("blobs/", half.stat().st_mtime)
    assert sorted(path.name for path in (tmp_path / "blobs" / "a").iterdir()) == ["b"]


def test_a_cut_answer_is_completed(bucket: ObjectStore, store_server: StoreServer) -> None:
    bucket.put("blobs/x", pieces(LARGE))
    with bad_way(store_server) as way:
        for after in (60, 3 << 20):  # in the headers, in the body
            way.mode, way.after = "cut", after
            with by_way(bucket, way).open("blobs/x") as file:
                assert file.read() == LARGE
            assert way.mode == ""


def test_a_store_that_hangs_or_is_gone_answers_in_time_and_is_asked_again_later(
    bucket: ObjectStore, store_server: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("blobs/x", [b"here"])
    with bad_way(store_server) as way:
        slow = by_way(bucket, way, seconds=0.6)
        way.mode, started = "hang", time.monotonic()
        with pytest.raises(StoreAway) as away:
            slow.open("blobs/x")
        assert time.monotonic() - started < 3
        assert (away.value.status, away.value.extra) == (503, {"retry_after": 5})
        asked, started = way.connections, time.monotonic()
        with pytest.raises(StoreAway):  # nobody else waits for what is known
            slow.size("blobs/x")
        assert (way.connections, time.monotonic() - started < 0.2) == (asked, True)
        with pytest.raises(StoreAway):
            slow.put("blobs/y", [b"new"])
        way.mode = "closed"
        monkeypatch.setattr(slow, "_away_until", 0.0)
        with pytest.raises(StoreAway):
            slow.put("blobs/y", pieces(LARGE))
        way.mode = ""
        monkeypatch.setattr(slow, "_away_until", 0.0)
        with slow.open("blobs/x") as file:
            assert file.read() == b"here"
    assert bucket.size("blobs/y") is None


def test_a_refusing_store_is_no_missing_file_and_nothing_secret_is_told(
    bucket: ObjectStore, store_server: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = ObjectStore(replace(bucket.address, bucket="no-such-bucket", seconds=1.0))
    for ask in (lambda: nowhere.size("blobs/x"), lambda: nowhere.open("blobs/x")):
        monkeypatch.setattr(nowhere, "_away_until", 0.0)
        with pytest.raises(StoreRefuses) as refusal:  # a scrub would call every file missing
            ask()
        assert refusal.value.cause == "NoSuchBucket"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-of-a-wrong-secret")
    with pytest.raises(StoreRefuses) as refused:
        ObjectStore(bucket.address).open("blobs/x")
    told = f"{refused.value} {refused.value.cause} {refused.value.__cause__} {refused.value!r}"
    assert refused.value.cause == "SignatureDoesNotMatch"
    assert not [word for word in ("canary", store_server.key_id, "127.0.0.1", "site-") if word in told]
    assert refused.value.__suppress_context__


def test_the_probe_says_what_is_wrong_in_words(
    bucket: ObjectStore, store_server: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert report_on(bucket.address, "this site", ["blobs/a", "blobs/b"]) == StoreReport(refusal=LACKING)
    bucket.put("blobs/b", [b"put before anybody looked"])
    assert report_on(bucket.address, "this site", ["blobs/a", "blobs/b"]) == StoreReport()
    bucket.delete(["site.txt", "blobs/b"])
    assert report_on(bucket.address, "this site") == StoreReport()
    assert report_on(bucket.address, "this site") == StoreReport()  # its own mark
    assert try_store(bucket, "another site").refusal == FOREIGN
    assert [file.key for file in bucket.files("")] == ["site.txt"]
    missing = replace(bucket.address, bucket="no-such-bucket")
    assert try_store(ObjectStore(missing), "this site") == StoreReport(refusal="its bucket is not there")
    nobody = replace(bucket.address, endpoint="http://127.0.0.1:9", seconds=0.5)
    assert try_store(ObjectStore(nobody), "this site") == StoreReport(away="GenericError")
    assert try_store(ObjectStore(store_server.address(bucket=VERSIONED)), "this site").has_versions
    with monkeypatch.context() as other_bytes:
        other_bytes.setattr(bucket, "open", lambda key: io.BytesIO(b"other bytes"))
        assert try_store(bucket, "this site").refusal == CHANGES
    monkeypatch.setattr("consilium.blobs.probe.sys.executable", "/bin/false")
    assert report_on(bucket.address, "this site").away == "CalledProcessError"


def test_a_forked_process_is_refused_instead_of_waiting_for_ever(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("blobs/x", [b"here"])
    monkeypatch.setattr("consilium.blobs.object_store.os.getpid", lambda: -1)
    with pytest.raises(RuntimeError, match="forked"):
        bucket.size("blobs/x")


def test_a_put_that_is_killed_leaves_no_half_object(bucket: ObjectStore) -> None:
    script = (
        "import os, signal, sys\n"
        "from consilium.blobs.object_store import ObjectStore\n"
        "from consilium.blobs.store_address import StoreAddress\n"
        "def pieces():\n"
        "    for number in range(40):\n"
        "        if number == 20: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield bytes(1 << 20)\n"
        "bucket, prefix, endpoint = sys.argv[1:]\n"
        "store = ObjectStore(StoreAddress(bucket, prefix, endpoint))\n"
        "store.put('blobs/whole', [b'acknowledged'])\n"
        "store.put('blobs/half', pieces())\n"
    )
    at = bucket.address
    killed = subprocess.run([sys.executable, "-c", script, at.bucket, at.prefix, at.endpoint], check=False)
    assert killed.returncode == -9
    assert [file.key for file in bucket.files("blobs/")] == ["blobs/whole"]
    with bucket.open("blobs/whole") as file:
        assert file.read() == b"acknowledged"
