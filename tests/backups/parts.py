"""Small backups without a site."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from consilium.backups.archive import Archive
from consilium.backups.manifest import BLOBS, DATABASE, MANIFEST, KeptFile, Manifest, blobs_file


def manifest(
    name: str, blobs: Sequence[str], files: Sequence[KeptFile] = (), rows: bytes = b"rows"
) -> Manifest:
    """The manifest of a backup with these contents."""
    rows = b"rows"
    return Manifest(
        name=name,
        version="0.1.0",
        engine="sqlite",
        scope="everything",
        database_sha256=hashlib.sha256(rows).hexdigest(),
        database_bytes=len(rows),
        blobs_sha256=hashlib.sha256(blobs_file(blobs)).hexdigest(),
        blobs=len(blobs),
        migrations=[],
        chains={},
        files=list(files),
    )


def publish(archive: Archive, name: str, blobs: Sequence[str], files: Sequence[KeptFile] = ()) -> None:
    """Have a backup of these objects in the archive."""
    with tempfile.TemporaryDirectory() as scratch:
        parts = {
            DATABASE: b"rows",
            BLOBS: blobs_file(blobs),
            MANIFEST: manifest(name, blobs, files).to_json(),
        }
        for part, content in parts.items():
            (Path(scratch) / part).write_bytes(content)
        archive.publish(name, {part: Path(scratch) / part for part in parts})
