"""Folders that appear whole or not at all, durably: written beside their place and renamed last. Pure."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_folder(
    target: Path, *, is_only_writer: bool = False, replaces: bool = False, is_shared: bool = False
) -> Iterator[Path]:
    """Yield an empty folder beside `target` that is renamed to it when the block ends well, else removed.

    `is_only_writer`: no other process writes this folder, so what a killed attempt left is removed.
    `replaces`: an older `target` is removed; else one that appeared meanwhile stays and OSError is raised.
    `is_shared`: whatever wrote the files, other accounts of the machine may read them (models are served).
    """
    if is_only_writer:
        for left in target.parent.glob(f".{target.name}.*.new"):
            shutil.rmtree(left, ignore_errors=True)
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.new")
    beside.mkdir(parents=True)
    try:
        yield beside
        make_durable(beside, is_shared=is_shared)
        if replaces:
            shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)
        sync(target.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def remove_folder(target: Path) -> None:
    """Delete a folder: gone at once under its name, whole, however long that takes and wherever it ends.

    What a killed attempt left is deleted as well.
    """
    if target.exists():
        target.rename(target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.old"))
    for left in target.parent.glob(f".{target.name}.*.old"):
        shutil.rmtree(left)
    if target.parent.exists():
        sync(target.parent)


def make_durable(folder: Path, *, is_shared: bool = False) -> None:
    """Have everything in `folder` on the disk; `is_shared`: readable by all (save_pretrained writes 0600)."""
    for path in (*sorted(folder.rglob("*")), folder):
        if is_shared:
            path.chmod(0o755 if path.is_dir() else 0o644)
        sync(path)


def sync(path: Path) -> None:
    """Have the kernel write a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
