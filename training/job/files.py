"""Folders that appear complete or not at all, and digests of what is in them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def weights_digest(folder: Path) -> str:
    """Return one SHA-256 over the sorted safetensors files of a folder: each line is `<sha256>  <name>`."""
    lines = [f"{sha256_file(path)}  {path.name}\n" for path in sorted(folder.glob("*.safetensors"))]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never a part.

    Raises ValueError for NaN and infinity, which JSON does not have.
    """
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    sync(part)
    part.rename(path)


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder` that is renamed to it when the block ends well."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    yield part
    settle(part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    sync(folder.parent)


def settle(folder: Path) -> None:
    """Make every file below `folder` readable by all (save_pretrained writes 0600) and durable."""
    for path in sorted(folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        sync(path)
    folder.chmod(0o755)
    sync(folder)


def sync(path: Path) -> None:
    """Flush one file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
