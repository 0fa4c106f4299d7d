"""What a backup says of itself, and where its parts lie. Pure.

A backup is a folder or a tar file of one layout:

    objects/<2>/<sha256>      contents, shared by all backups of the folder: each is copied once
    <name>/manifest.json      one backup; its name is the UTC instant it was begun, 20261127T032340Z
    <name>/database           SQLite's file, or pg_dump's custom format
    <name>/blobs.txt          SHA-256 of every stored file (blob) it holds, one per line, sorted
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from consilium.canonical_json import canonical_sha256
from consilium.refusals import Refused

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DATABASE: Final = "database"
BLOBS: Final = "blobs.txt"
NAME: Final = re.compile(r"\d{8}T\d{6}Z")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
# Folders of the data folder that a backup holds besides the stored files; models only when asked for.
KEPT_FOLDERS: Final = ("anchors", "exports")
MODELS: Final = "models"


class BackupUnusable(Refused):
    """A backup that cannot be read or is not whole; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the data folder: its path there, and the object that holds its bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup. `chains`: chain to [sequence, sha256] of its end; `migrations`: `app.name`."""

    name: str
    version: str
    engine: str
    scope: str
    database_sha256: str
    database_bytes: int
    blobs_sha256: str
    blobs: int
    migrations: list[str]
    chains: dict[str, list[Any]]
    files: list[KeptFile] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def made_at(self) -> datetime:
        """The instant the backup was begun: what was acknowledged before it is in it."""
        return instant_of(self.name)

    def to_json(self) -> bytes:
        """The manifest file."""
        content = asdict(self)
        stored = {"format": FORMAT, "sha256": canonical_sha256(content), "backup": content}
        return json.dumps(stored, indent=1, sort_keys=True).encode()


def backup_name(moment: datetime) -> str:
    """The name of a backup that is begun now."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def instant_of(name: str) -> datetime:
    """When a backup of that name was begun."""
    return datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def object_path(sha256: str) -> str:
    """Where an object lies in a backup."""
    return f"objects/{sha256[:2]}/{sha256}"


def read_manifest(name: str, content: bytes) -> Manifest:
    """The manifest of the backup of that name. Raises BackupUnusable for what we did not write."""
    try:
        stored = json.loads(content)
        if stored["format"] != FORMAT:
            raise BackupUnusable(
                f"Backup {name} was made by a newer version of Consilium; restore it with that version."
            )
        if stored["sha256"] != canonical_sha256(stored["backup"]):
            raise BackupUnusable(f"The manifest of backup {name} was changed.")
        files = [KeptFile(**entry) for entry in stored["backup"].pop("files")]
        manifest = Manifest(**stored["backup"], files=files)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackupUnusable(f"The manifest of backup {name} cannot be read.") from None
    if (
        manifest.name != name
        or not all(_is_inside(entry.path) and _SHA256.fullmatch(entry.sha256) for entry in files)
        or not all(map(_SHA256.fullmatch, (manifest.database_sha256, manifest.blobs_sha256)))
    ):
        raise BackupUnusable(f"The manifest of backup {name} names files that no backup holds.")
    return manifest


def _is_inside(path: str) -> bool:
    """Whether a path stays in one of the folders that a backup keeps."""
    first, *inner = path.split("/")
    is_plain = "\\" not in path and "\0" not in path
    return first in {*KEPT_FOLDERS, MODELS} and bool(inner) and is_plain and not {"", ".", ".."} & set(inner)


def blobs_file(names: Iterable[str]) -> bytes:
    """The list of a backup's blobs."""
    return "".join(f"{sha256}\n" for sha256 in sorted(names)).encode()


def read_blobs(manifest: Manifest, content: bytes) -> list[str]:
    """The blobs of a backup. Raises BackupUnusable."""
    names = content.decode("ascii", "replace").split()
    if hashlib.sha256(content).hexdigest() != manifest.blobs_sha256 or not all(map(_SHA256.fullmatch, names)):
        raise BackupUnusable(f"The list of stored files of backup {manifest.name} was changed or is cut.")
    return names
