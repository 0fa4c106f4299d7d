"""Checkpoints that are either complete or invisible.

The trainer writes `scratch/checkpoint-N`; its files are not written atomically, and a missing optimizer file
would silently restart the optimizer. So a checkpoint is listed only after a COMPLETE file with the size of
every file was written into it and the folder was renamed to `checkpoints/step-00000N`.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from consilium.atomic_folder import make_durable, sync
from training.job.files import write_json

MARKER = "COMPLETE"
_NAME = re.compile(r"step-(\d{6,})")


@dataclass(frozen=True, slots=True)
class CheckpointFolder:
    """A complete checkpoint folder and its step."""

    step: int
    folder: Path


def name_of(step: int) -> str:
    """Return the folder name of a step, such as step-000010."""
    return f"step-{step:06d}"


def publish(raw: Path, folder: Path, step: int) -> CheckpointFolder:
    """Turn the trainer's folder `raw` into the complete checkpoint of `step` below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {str(path.relative_to(raw)): path.stat().st_size for path in raw.rglob("*") if path.is_file()}
    make_durable(raw, is_shared=True)
    write_json(raw / MARKER, {"step": step, "files": sizes})
    target = folder / name_of(step)
    shutil.rmtree(target, ignore_errors=True)
    raw.rename(target)
    sync(folder)
    return CheckpointFolder(step, target)


def listed(folder: Path) -> list[CheckpointFolder]:
    """Return the complete checkpoints below `folder`, oldest first; anything incomplete is left out."""
    found = [_read(path) for path in folder.glob("step-*")] if folder.exists() else []
    return sorted((item for item in found if item), key=lambda item: item.step)


def newest(folder: Path) -> CheckpointFolder | None:
    """Return the newest complete checkpoint, if there is one."""
    return next(reversed(listed(folder)), None)


def prune(folder: Path, keep: int) -> None:
    """Delete all but the newest `keep` complete checkpoints."""
    for item in listed(folder)[:-keep]:
        # Without its marker the folder is no checkpoint, however far the deletion gets.
        (item.folder / MARKER).unlink()
        shutil.rmtree(item.folder)


def _read(folder: Path) -> CheckpointFolder | None:
    match = _NAME.fullmatch(folder.name)
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        sizes_hold = all((folder / name).stat().st_size == size for name, size in marker["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    return CheckpointFolder(int(match[1]), folder) if match and sizes_hold else None
