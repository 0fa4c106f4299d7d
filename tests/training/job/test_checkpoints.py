"""A checkpoint is complete or invisible, and a run resumes only from what was written."""

from pathlib import Path

import pytest

from training.job import checkpoints
from training.job.shares import Shares
from training.job.spec import SpecError


def save(out: Path, step: int) -> checkpoints.CheckpointFolder:
    raw = out / f"checkpoint-{step}"
    raw.mkdir(parents=True)
    (raw / "optimizer.pt").write_bytes(b"state" * step)
    return checkpoints.publish(raw, out / "checkpoints", step)


def test_newest_is_the_highest_complete_step(tmp_path: Path) -> None:
    for step in (2, 10, 9):
        save(tmp_path, step)
    found = checkpoints.newest_intact(tmp_path / "checkpoints")
    assert found is not None
    assert (found.step, found.folder.name) == (10, "step-000010")
    assert not (tmp_path / "checkpoint-10").exists()


def test_incomplete_ones_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    for step in (1, 2, 3, 4):
        save(tmp_path, step)
    (folder / "step-000004" / checkpoints.MARKER).unlink()
    (folder / "step-000003" / "optimizer.pt").unlink()
    (folder / "step-000002" / "optimizer.pt").write_bytes(b"cut")
    (folder / "step-000005").mkdir()
    (folder / "step-000006").mkdir()
    (folder / "step-000006" / checkpoints.MARKER).write_text('{"files": {"optimizer.pt": 5}}')
    assert [item.step for item in checkpoints.listed(folder)] == [1]


def test_no_folder_means_no_checkpoint(tmp_path: Path) -> None:
    assert checkpoints.newest_intact(tmp_path / "none") is None


def test_pruning_keeps_the_newest(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save(tmp_path, step)
    checkpoints.prune(tmp_path / "checkpoints", keep=2)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == [
        "step-000002",
        "step-000003",
    ]


def test_saving_a_step_again_replaces_it(tmp_path: Path) -> None:
    save(tmp_path, 3)
    again = save(tmp_path, 3)
    assert checkpoints.listed(tmp_path / "checkpoints") == [again]


@pytest.mark.parametrize("damaged", [1, 2, 3])
def test_other_bytes_of_the_same_size_are_not_resumed_from(tmp_path: Path, damaged: int) -> None:
    folder = tmp_path / "checkpoints"
    for step in (1, 2, 3):
        save(tmp_path, step)
    for step in range(3, 3 - damaged, -1):
        (folder / f"step-00000{step}" / "optimizer.pt").write_bytes(b"STATE" * step)
    assert [item.step for item in checkpoints.listed(folder)] == [1, 2, 3]
    found = checkpoints.newest_intact(folder)
    assert (found.step if found else 0) == 3 - damaged
    # The damaged ones are gone: they do not displace an intact one when the oldest are dropped.
    assert [item.step for item in checkpoints.listed(folder)] == [1, 2, 3][: 3 - damaged]


def test_a_checkpoint_of_the_librarys_own_files_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "step-000010").mkdir()
    (tmp_path / "step-000010" / "optimizer.pt").touch()
    with pytest.raises(SpecError, match="out: the checkpoint step-000010 was written by an earlier version"):
        Shares(tmp_path / "step-000010")
