"""The two forms of an archive: each content once, whole or not there, nothing believed that is damaged."""

import io
import json
from pathlib import Path

import pytest

from consilium.backups.archive import (
    Archive,
    BackupRefused,
    FolderArchive,
    archive_for_reading,
    archive_for_writing,
)
from consilium.backups.manifest import (
    BLOBS,
    DATABASE,
    MANIFEST,
    BackupUnusable,
    KeptFile,
    Manifest,
    blobs_file,
    object_path,
    read_blobs,
    read_manifest,
)
from tests.backups.parts import manifest, publish

FIRST, SECOND, THIRD = "20260101T000000Z", "20260102T000000Z", "20260103T000000Z"


def _break_off(archive: Archive) -> None:
    archive.add_object(io.BytesIO(b"pixels"))
    raise KeyboardInterrupt


def _why_unusable(place: Path) -> str:
    with pytest.raises(BackupUnusable) as refused, archive_for_reading(place):
        pytest.fail("it was believed")
    return str(refused.value)


@pytest.mark.parametrize("name", ["folder", "one.tar"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    with archive_for_writing(tmp_path / name) as archive:
        sha256, size = archive.add_object(io.BytesIO(b"pixels"))
        assert (archive.holds_object(sha256, 6), archive.holds_object(sha256, 7)) == (True, False)
        assert archive.add_object(io.BytesIO(b"pixels")) == (sha256, size)
        publish(archive, FIRST, [sha256])
    with archive_for_reading(tmp_path / name) as (read, held):
        assert (held, read.read(f"{FIRST}/{DATABASE}")) == (FIRST, b"rows")
        assert read.read(object_path(sha256)) == b"pixels"
        with pytest.raises(BackupUnusable, match="lacks"):
            read.read(object_path("0" * 64))


def test_a_backup_that_broke_off_is_none(tmp_path: Path) -> None:
    for name in ("folder", "one.tar"):
        with pytest.raises(KeyboardInterrupt), archive_for_writing(tmp_path / name) as archive:
            _break_off(archive)
        assert _why_unusable(tmp_path / name).startswith("There is no whole backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder"]


def test_a_cut_file_is_no_backup(tmp_path: Path) -> None:
    with archive_for_writing(tmp_path / "one.tar") as archive:
        publish(archive, FIRST, [archive.add_object(io.BytesIO(b"x" * 40_000))[0]])
    content = (tmp_path / "one.tar").read_bytes()
    for length in (100, 20_000, len(content) - 11_000):
        (tmp_path / "cut.tar").write_bytes(content[:length])
        assert _why_unusable(tmp_path / "cut.tar")


def test_what_a_killed_backup_left_goes_with_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / ".new-half").mkdir(parents=True)
    (folder / ".new-object").write_bytes(b"half")
    (tmp_path / ".one.tar.12345678.new").write_bytes(b"half")
    for name in ("folder", "one.tar"):
        with archive_for_writing(tmp_path / name) as archive:
            publish(archive, FIRST, [])
    assert sorted(path.name for path in folder.iterdir()) == [".lock", FIRST]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "one.tar"]


def test_two_do_not_write_at_once_and_no_file_is_overwritten(tmp_path: Path) -> None:
    with (
        archive_for_writing(tmp_path / "folder"),
        pytest.raises(BackupRefused, match="Another backup"),
        archive_for_writing(tmp_path / "folder"),
    ):
        pytest.fail("it was let in")
    (tmp_path / "mine.tar").write_bytes(b"mine")
    with pytest.raises(BackupRefused, match="already"), archive_for_writing(tmp_path / "mine.tar"):
        pytest.fail("it was let in")
    assert (tmp_path / "mine.tar").read_bytes() == b"mine"


def test_old_backups_go_with_what_only_they_need(tmp_path: Path) -> None:
    with archive_for_writing(tmp_path) as archive:
        assert isinstance(archive, FolderArchive)
        shared, old, new, file = (
            archive.add_object(io.BytesIO(text))[0] for text in (b"s", b"o", b"n", b"f")
        )
        publish(archive, FIRST, [shared, old])
        publish(archive, SECOND, [shared], [KeptFile("anchors/a.jsonl", file, 1)])
        publish(archive, THIRD, [shared, new])
        assert (archive.keep(5), archive.keep(2)) == (0, 1)
    assert FolderArchive(tmp_path).names() == [SECOND, THIRD]
    assert {path.name for path in tmp_path.glob("objects/*/*")} == {shared, new, file}
    for place, newest in ((tmp_path / SECOND, SECOND), (tmp_path, THIRD)):
        with archive_for_reading(place) as (_, name):
            assert name == newest


@pytest.mark.parametrize(
    "path",
    ["../secret.key", "anchors/../../x", "/etc/passwd", "blobs/x", "models", "exports//x", "models/a\\b"],
)
def test_a_manifest_names_nothing_outside(path: str) -> None:
    written = manifest(FIRST, [], [KeptFile(path, "0" * 64, 1)]).to_json()
    with pytest.raises(BackupUnusable, match="names files"):
        read_manifest(FIRST, written)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"format": 1}', b"\xff", b'{"format": 1, "files": 3}']
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(BackupUnusable, match="cannot be read"):
        read_manifest(FIRST, content)


def test_a_newer_format_and_a_changed_list_are_refused() -> None:
    whole = manifest(FIRST, ["a" * 64])
    newer = json.dumps(json.loads(whole.to_json()) | {"format": 2}).encode()
    with pytest.raises(BackupUnusable, match="newer version"):
        read_manifest(FIRST, newer)
    assert read_manifest(FIRST, whole.to_json()) == whole
    assert read_blobs(whole, blobs_file(["a" * 64])) == ["a" * 64]
    for changed in (b"", blobs_file(["b" * 64]), b"\xff\xfe"):
        with pytest.raises(BackupUnusable, match="list of stored files"):
            read_blobs(whole, changed)


def test_the_parts_have_their_names(tmp_path: Path) -> None:
    with archive_for_writing(tmp_path) as archive:
        publish(archive, FIRST, [])
    assert {path.name for path in (tmp_path / FIRST).iterdir()} == {MANIFEST, DATABASE, BLOBS}
    assert isinstance(manifest(FIRST, []), Manifest)
