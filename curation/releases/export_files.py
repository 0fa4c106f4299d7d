"""Writes the files of an export: those of its layout, the manifest and the cards."""

import json
from pathlib import Path
from typing import Final

from curation.cards.write import write_cards
from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Layout, Tell
from curation.models import Release
from curation.releases.manifest import copy_lines
from curation.releases.sign import signatures_in_export

MANIFEST: Final = "MANIFEST.json"
LINES: Final = "MANIFEST.jsonl"


def write_all(release: Release, folder: Path, layout: Layout, tell: Tell) -> None:
    """Write everything into an empty folder. Raises NothingFits, BlobDamaged, OSError."""
    reader = ReleaseReader(release)
    written = layout.write(reader, folder, tell)
    written.check_any(reader.count())
    write_manifest(reader, folder)
    manifest = f"`{MANIFEST}`: what the release holds; `{LINES}`: SHA-256 of every row and file"
    write_cards(reader, folder, layout, written, [manifest])


def write_manifest(reader: ReleaseReader, folder: Path) -> None:
    """The manifest with digest and signatures, and its lines."""
    with (folder / LINES).open("wb") as out:
        copy_lines(reader.manifest, out)
    release = reader.release
    added = {"digest": release.digest, "signatures": signatures_in_export(release)}
    text = json.dumps(reader.manifest | added, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
