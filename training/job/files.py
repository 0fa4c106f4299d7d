"""JSON files that are never half written, and digests of weights."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from consilium.atomic_folder import sync

_BLOCK = 1 << 20


def weights_sha256(path: Path) -> str:
    """Return the SHA-256 of a file of weights, which is read again only when it was written again."""
    facts = path.stat()
    return _sha256_as_of(path, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


@lru_cache(maxsize=1024)
def _sha256_as_of(path: Path, *_facts: int) -> str:
    return sha256_file(path)


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def weights_digest(folder: Path) -> str:
    """Return one SHA-256 over the sorted safetensors files of a folder: each line is `<sha256>  <name>`."""
    lines = [f"{weights_sha256(path)}  {path.name}\n" for path in sorted(folder.glob("*.safetensors"))]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never a part.

    Raises ValueError for NaN and infinity, which JSON does not have.
    """
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    sync(part)
    part.rename(path)
