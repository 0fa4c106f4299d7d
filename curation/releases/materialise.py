"""Writes a release as plain files: what a training or scoring process reads instead of the database."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import structlog

from consilium.atomic_folder import atomic_folder
from consilium.blobs.store import BlobDamaged, read_blob
from curation.models import Release, ReleaseFile
from curation.releases.freeze import rows_of

log = structlog.get_logger(__name__)
ROWS = "rows.jsonl"


def materialise(release: Release, folder: Path) -> Path:
    """Write `rows.jsonl` and the files of the release into `folder`, which this call makes; return `folder`.

    Paths inside the rows are relative to the folder. A folder that an earlier call finished is used again
    when every byte in it is still the release's; else it is made anew. It is built beside its place and
    renamed last, so it is always whole. Each file is checked against its hash.
    Raises BlobDamaged, OSError.
    """
    if folder.exists():
        if is_whole(release, folder):
            return folder
        log.warning("release.laid_out_anew", release=release.pk)
    try:
        with atomic_folder(folder, replaces=folder.exists()) as beside:
            write_files(release, beside)
            write_rows(release, beside / ROWS)
    except OSError:
        # Another process finished the same folder first.
        if not is_whole(release, folder):
            raise
    return folder


def is_whole(release: Release, folder: Path) -> bool:
    """Whether the folder holds the rows and files of the release, byte for byte."""
    wanted = hashlib.sha256()
    for line in _lines(release):
        wanted.update(line)
    if _sha256(folder / ROWS) != wanted.hexdigest():
        return False
    files = ReleaseFile.objects.filter(release=release).values_list("path", "blob_id")
    return all(_sha256(folder / path) == sha256 for path, sha256 in files.iterator())


def write_rows(release: Release, path: Path) -> None:
    """Write one JSON object per line, in the release's order."""
    with path.open("wb") as out:
        out.writelines(_lines(release))


def _lines(release: Release) -> Iterator[bytes]:
    for content in rows_of(release).values_list("content", flat=True).iterator():
        yield (json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _sha256(path: Path) -> str:
    """Of a file's bytes, in hex; empty where there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def write_files(release: Release, folder: Path) -> None:
    """Write every file of the release at its path under `folder`. Raises BlobDamaged."""
    root = folder.resolve()
    for entry in ReleaseFile.objects.filter(release=release).iterator():
        target = (root / entry.path).resolve()
        if not target.is_relative_to(root):
            raise BlobDamaged("A file of the release has a path outside it.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_blob(entry.blob_id))
