"""Folders that appear whole or not at all."""

import os
from pathlib import Path

import pytest

from consilium.atomic_folder import atomic_folder


def fail_while_writing(target: Path, *, is_only_writer: bool) -> None:
    with atomic_folder(target, is_only_writer=is_only_writer) as folder:
        (folder / "half.safetensors").write_bytes(b"x")
        _ = 1 / 0


@pytest.mark.parametrize("is_only_writer", [True, False])
def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path, is_only_writer: bool) -> None:
    target = tmp_path / "model"
    with pytest.raises(ZeroDivisionError):
        fail_while_writing(target, is_only_writer=is_only_writer)
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(target, is_only_writer=is_only_writer) as folder:
        (folder / "model.safetensors").write_bytes(b"weights")
    assert [path.name for path in target.iterdir()] == ["model.safetensors"]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("is_shared", "modes"), [(False, (0o700, 0o600)), (True, (0o755, 0o644))])
def test_only_what_is_shared_can_be_read_by_others(
    tmp_path: Path, is_shared: bool, modes: tuple[int, int]
) -> None:
    before = os.umask(0o077)
    try:
        with atomic_folder(tmp_path / "out", is_shared=is_shared) as folder:
            (folder / "image.png").touch()
    finally:
        os.umask(before)
    found = [path.stat().st_mode & 0o777 for path in (tmp_path / "out", tmp_path / "out" / "image.png")]
    assert tuple(found) == modes


def test_the_only_writer_removes_what_a_killed_attempt_left(tmp_path: Path) -> None:
    target = tmp_path / "model"
    (tmp_path / ".model.0123abcd.new" / "half").mkdir(parents=True)
    with atomic_folder(target, is_only_writer=True) as folder:
        (folder / "new").touch()
    assert list(tmp_path.iterdir()) == [target]


def test_what_stood_there_is_replaced_where_that_is_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "model"
    (target / "old").mkdir(parents=True)
    with atomic_folder(target, replaces=True) as folder:
        (folder / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]


@pytest.mark.parametrize("is_only_writer", [True, False])
def test_what_appeared_meanwhile_stays(tmp_path: Path, is_only_writer: bool) -> None:
    target = tmp_path / "rows"

    def overtaken() -> None:
        with atomic_folder(target, is_only_writer=is_only_writer) as second:
            (second / "second").touch()
            with atomic_folder(target) as first:
                (first / "first").touch()

    with pytest.raises(OSError, match="not empty"):
        overtaken()
    assert [path.name for path in target.iterdir()] == ["first"]
