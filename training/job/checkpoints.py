"""Checkpoints that are either complete or invisible, and resumed only when every byte is as it was written.

The trainer writes `scratch/checkpoint-N`; its files are not written atomically, and a missing optimizer file
would silently restart the optimizer. So a checkpoint is listed only after a COMPLETE file with the size and
the SHA-256 of every file was written into it and the folder was renamed to `checkpoints/step-00000N`.
Listing compares sizes, which costs nothing; what a run resumes from is read and hashed.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consilium.atomic_folder import make_durable, sync
from training.job.files import sha256_file, write_json

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
    files = [path for path in raw.rglob("*") if path.is_file()]
    facts = {
        path.relative_to(raw).as_posix(): {"size": path.stat().st_size, "sha256": sha256_file(path)}
        for path in files
    }
    make_durable(raw, is_shared=True)
    write_json(raw / MARKER, {"step": step, "files": facts})
    target = folder / name_of(step)
    shutil.rmtree(target, ignore_errors=True)
    raw.rename(target)
    sync(folder)
    return CheckpointFolder(step, target)


def listed(folder: Path) -> list[CheckpointFolder]:
    """Return the complete checkpoints below `folder`, oldest first; anything incomplete is left out."""
    found = [_read(path) for path in folder.glob("step-*")] if folder.exists() else []
    return sorted((item for item in found if item), key=lambda item: item.step)


def newest_intact(folder: Path) -> CheckpointFolder | None:
    """Return the newest checkpoint of which every byte is as it was written, if there is one.

    Newer ones are removed, for they hold other bytes: kept, they would count among those worth keeping.
    """
    for item in reversed(listed(folder)):
        if _is_intact(item.folder):
            return item
        _remove(item.folder)
    return None


def prune(folder: Path, keep: int) -> None:
    """Delete all but the newest `keep` complete checkpoints."""
    for item in listed(folder)[:-keep]:
        _remove(item.folder)


def _remove(folder: Path) -> None:
    # Without its marker the folder is no checkpoint, however far the deletion gets.
    (folder / MARKER).unlink()
    shutil.rmtree(folder)


def _read(folder: Path) -> CheckpointFolder | None:
    match = _NAME.fullmatch(folder.name)
    try:
        sizes_hold = all(
            (folder / name).stat().st_size == fact["size"] for name, fact in _facts(folder).items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return CheckpointFolder(int(match[1]), folder) if match and sizes_hold else None


def _is_intact(folder: Path) -> bool:
    return all(sha256_file(folder / name) == fact["sha256"] for name, fact in _facts(folder).items())


def _facts(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file, as they were written."""
    marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    facts: dict[str, dict[str, Any]] = marker["files"]
    return facts
