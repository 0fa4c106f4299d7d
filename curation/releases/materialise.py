"""Writes a release as plain files: what a training or scoring process reads instead of the database."""

import json
from pathlib import Path

from consilium.atomic_folder import atomic_folder
from consilium.blobs.store import BlobDamaged, read_blob
from curation.models import Release, ReleaseFile
from curation.releases.freeze import rows_of

ROWS = "rows.jsonl"


def materialise(release: Release, folder: Path) -> Path:
    """Write `rows.jsonl` and the files of the release into `folder`, which this call makes; return `folder`.

    Paths inside the rows are relative to the folder. A folder that an earlier call finished is used again; it
    is built beside its place and renamed last, so it is always whole. Each file is checked against its hash.
    Raises BlobDamaged, OSError.
    """
    if (folder / ROWS).exists():
        return folder
    try:
        with atomic_folder(folder) as beside:
            write_files(release, beside)
            write_rows(release, beside / ROWS)
    except OSError:
        # Another process finished the same folder first.
        if not (folder / ROWS).exists():
            raise
    return folder


def write_rows(release: Release, path: Path) -> None:
    """Write one JSON object per line, in the release's order."""
    with path.open("w", encoding="utf-8") as out:
        for content in rows_of(release).values_list("content", flat=True).iterator():
            out.write(json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n")


def write_files(release: Release, folder: Path) -> None:
    """Write every file of the release at its path under `folder`. Raises BlobDamaged."""
    root = folder.resolve()
    for entry in ReleaseFile.objects.filter(release=release).iterator():
        target = (root / entry.path).resolve()
        if not target.is_relative_to(root):
            raise BlobDamaged("A file of the release has a path outside it.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_blob(entry.blob_id))
