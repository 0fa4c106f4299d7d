"""Folders that appear whole or not at all."""

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
        private = folder / "model.safetensors"
        private.write_bytes(b"weights")
        private.chmod(0o600)
    assert [path.name for path in target.iterdir()] == ["model.safetensors"]
    assert (target / "model.safetensors").stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [target]


def test_the_only_writer_replaces_what_stood_there_and_what_a_killed_attempt_left(tmp_path: Path) -> None:
    target = tmp_path / "model"
    (target / "old").mkdir(parents=True)
    (tmp_path / ".model.0123abcd.new" / "half").mkdir(parents=True)
    with atomic_folder(target, is_only_writer=True) as folder:
        (folder / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


def test_of_several_writers_the_first_stays(tmp_path: Path) -> None:
    target = tmp_path / "rows"

    def overtaken() -> None:
        with atomic_folder(target) as second:
            (second / "second").touch()
            with atomic_folder(target) as first:
                (first / "first").touch()

    with pytest.raises(OSError, match="not empty"):
        overtaken()
    assert [path.name for path in target.iterdir()] == ["first"]
