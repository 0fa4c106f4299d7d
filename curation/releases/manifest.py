"""The manifest of a release: what it holds in few lines, the SHA-256 of every row and file apart, a digest.

The lines lie in a file of their own, one JSON object per row and per file, so that a release of any size is
written and checked line by line; the manifest holds that file's SHA-256. Manifests of the first format hold
the lines themselves.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from consilium.blobs.store import open_blob, read_blob
from consilium.canonical_json import canonical_json, canonical_sha256

if TYPE_CHECKING:
    from curation.models import Release

FORMAT: Final = "consilium-release-2"
FIRST_FORMAT: Final = "consilium-release-1"
# Fields that may differ between two releases of equal content: the digest does not cover them.
# Signatures stand in exported manifests only: they are made after the digest, which they sign.
VOLATILE: Final = frozenset({"name", "app_version", "created", "record", "signatures"})
FILES: Final = "files"


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One row (its table and id) or, where `table` is FILES, one file (its path and size in bytes)."""

    table: str
    name: str
    sha256: str
    size: int = 0

    def to_json(self) -> bytes:
        """As it stands in the file of lines, line break included."""
        if self.table == FILES:
            return canonical_json({"path": self.name, "sha256": self.sha256, "size": self.size}) + b"\n"
        return canonical_json({"id": self.name, "sha256": self.sha256, "table": self.table}) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> "ManifestLine":
        """Raises KeyError or ValueError for what is no such line."""
        said = orjson.loads(text)
        if "path" in said:
            return cls(FILES, said["path"], said["sha256"], said["size"])
        return cls(said["table"], said["id"], said["sha256"])


def manifest_of(release: "Release") -> dict[str, Any]:
    """The manifest of a frozen release. Raises BlobDamaged."""
    assert release.manifest_id is not None
    manifest: dict[str, Any] = json.loads(read_blob(release.manifest_id))
    return manifest


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The digest that names a release: SHA-256 over the manifest without its volatile fields."""
    return canonical_sha256({key: value for key, value in manifest.items() if key not in VOLATILE})


def tables_of(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Name and number of rows of each table: the release's own first, the others by name."""
    if manifest["format"] == FIRST_FORMAT:
        return {manifest["kind"]: len(manifest["rows"])}
    tables: dict[str, int] = manifest["tables"]
    return {name: tables[name] for name in sorted(tables, key=lambda name: (name != manifest["kind"], name))}


def lines_of(manifest: Mapping[str, Any]) -> Iterator[ManifestLine]:
    """Rows in their order, table by table, then files by path. Raises BlobDamaged, KeyError, ValueError."""
    if manifest["format"] == FIRST_FORMAT:
        for row in manifest["rows"]:
            yield ManifestLine(manifest["kind"], row["id"], row["sha256"])
        for file in manifest["files"]:
            yield ManifestLine(FILES, file["path"], file["sha256"], file["size"])
        return
    with open_blob(manifest["lines"]) as handle:
        for text in handle:
            yield ManifestLine.from_json(text)


def released_files(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Path and SHA-256 of every file. Raises as `lines_of`."""
    return {line.name: line.sha256 for line in lines_of(manifest) if line.table == FILES}


def copy_lines(manifest: Mapping[str, Any], out: BinaryIO) -> None:
    """The lines as they are stored, or as they would be. Raises as `lines_of`."""
    if manifest["format"] == FIRST_FORMAT:
        out.writelines(line.to_json() for line in lines_of(manifest))
        return
    with open_blob(manifest["lines"]) as handle:
        shutil.copyfileobj(handle, out)
