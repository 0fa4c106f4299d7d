"""What a folder holds that leaves, and whether a repository holds the same."""

import hashlib
from pathlib import Path

import pytest

from consilium.hub.files import (
    FolderRefused,
    LocalFile,
    RemoteFile,
    differences,
    listing_sha256,
    read_folder_files,
)

KINDS = frozenset({".md", ".json"})


def test_files_are_named_as_git_and_the_large_file_storage_name_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.json").write_bytes(b"{}\n")
    (found,) = read_folder_files(tmp_path, KINDS)
    # `git hash-object` of the same three bytes.
    assert found == LocalFile(
        "data/a.json", 3, hashlib.sha256(b"{}\n").hexdigest(), "0967ef424bce6791893e9a57bb952f80fd536e93"
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.bin", b"x", "no kind that is known"),
        ("noend", b"x", "no kind that is known"),
        (".hidden.md", b"x", "characters"),
        ("a b.md", b"x", "characters"),
        ("notes.md", b"x" * ((1 << 20) - 10) + b"hf_" + b"A1" * 17, "access token"),
    ],
)
def test_a_file_that_may_not_leave_is_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / "a.md").write_bytes(b"---\n")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FolderRefused, match=words) as refused:
        read_folder_files(tmp_path, KINDS)
    assert name in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_links_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderRefused, match="no file"):
        read_folder_files(tmp_path, KINDS)
    (tmp_path / "a.md").symlink_to("/etc/hostname")
    with pytest.raises(FolderRefused, match="link"):
        read_folder_files(tmp_path, KINDS)


def test_differences_and_the_listing_know_every_change_but_the_hubs_own_file() -> None:
    local = [LocalFile("a.md", 2, "s1", "b1"), LocalFile("big.json", 9, "s2", "b2")]
    small, large = RemoteFile("a.md", 2, "b1", ""), RemoteFile("big.json", 9, "pointer", "s2")
    own = RemoteFile(".gitattributes", 1, "x", "")
    assert differences(local, [small, large, own]) == []
    assert differences(local, [small, own]) == ["big.json"]
    assert differences(local, [small, large, RemoteFile("c.md", 1, "c", "")]) == ["c.md"]
    assert differences(local, [RemoteFile("a.md", 2, "other", ""), large]) == ["a.md"]
    assert differences(local, [small, RemoteFile("big.json", 8, "pointer", "s2")]) == ["big.json"]
    assert listing_sha256([small, large]) == listing_sha256([large, own, small])
    assert listing_sha256([small, large]) != listing_sha256([small])
