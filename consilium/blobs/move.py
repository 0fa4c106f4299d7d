"""Copies the site's files from the store that it uses to another one, verified, as often as one likes.

People may work meanwhile: what comes or goes is caught up with by the next call, which copies only what is
new. The last call is made with the site stopped, then the setting is changed.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.conf import settings

from consilium.blobs.blob_store import BlobStore, ContentDiffers, StoredFile, pieces_of
from consilium.blobs.folder_store import FolderStore
from consilium.blobs.models import Blob
from consilium.blobs.probe import report_on
from consilium.blobs.site_store import object_store, site_id, site_store
from consilium.blobs.store import BLOBS, QUARANTINE, is_intact
from consilium.blobs.store_address import read_store_address
from consilium.environment import EnvironmentRefused
from consilium.refusals import Refused

FOLDER: Final = "folder"
MOVED: Final = (BLOBS, "exports/")
UPLOADS: Final = "uploads/import-"


class MoveRefused(Refused):
    """Files that are not moved, or not deleted; the text is for the operator."""


@dataclass(slots=True)
class Moved:
    """What a call did: files copied, their bytes, files that were there, files that are gone at the source,
    contents that could not be copied because their source is damaged, and uploads that wait for their
    import: those stay behind.
    """

    copied: int = 0
    bytes: int = 0
    there: int = 0
    removed: int = 0
    uploads: int = 0
    damaged: list[str] = field(default_factory=list)


def move_files(target: str) -> Moved:
    """Make the store that `target` names ("folder" or s3://bucket/prefix) hold what the site's own holds.

    Raises MoveRefused, StoreAway, OSError. Stopped at any moment it is gone on with by the same call.
    """
    source, to, done = site_store(), other_store(target), Moved()
    for prefix in MOVED:
        held = {file.key: file.size for file in to.files(prefix)}
        for file in source.files(prefix):
            if held.pop(file.key, None) == file.size:
                done.there += 1
            else:
                _copy(source, to, file, done)
        to.delete(sorted(held))  # purged or destroyed at the source since it was copied
        done.removed += len(held)
    done.uploads = sum(file.key.startswith(UPLOADS) for file in source.files("uploads/"))
    return done


def empty_store(target: str) -> int:
    """Delete the site's files from a store that it does not use any more; how many.

    Raises MoveRefused where the site's own store lacks a content that it names, StoreAway, OSError.
    """
    old = other_store(target)
    rows = Blob.objects.filter(purged_at=None, damaged_at=None)
    lacking = sum(not is_intact(sha256) for sha256 in rows.values_list("sha256", flat=True).iterator())
    if lacking:
        raise MoveRefused(f"Nothing was deleted: {lacking} files are not whole where the site keeps them.")
    keys = [file.key for prefix in (*MOVED, "uploads/", QUARANTINE) for file in old.files(prefix)]
    for start in range(0, len(keys), 500):
        old.delete(keys[start : start + 500])
    return len(keys)


def other_store(target: str) -> BlobStore:
    """The store of that name, which must not be the one in use. Raises MoveRefused."""
    try:
        address = None if target == FOLDER else read_store_address(target)
    except EnvironmentRefused as refusal:
        raise MoveRefused(str(refusal)) from None
    if address == settings.OBJECT_STORE:
        raise MoveRefused("That is where the site keeps its files already.")
    if address is None:
        return FolderStore(Path(settings.CONSILIUM_HOME))
    found = report_on(address, site_id())
    if problem := found.refusal or found.away:
        raise MoveRefused(f"The object store cannot be used: {problem}.")
    return object_store(address)


def _copy(source: BlobStore, to: BlobStore, file: StoredFile, done: Moved) -> None:
    sha256 = file.key.rpartition("/")[2] if file.key.startswith(BLOBS) else ""
    try:
        with source.open(file.key) as content:
            size = to.put(file.key, pieces_of(content), sha256)
    except FileNotFoundError:  # purged at this moment
        return
    except ContentDiffers:
        done.damaged.append(sha256)
        return
    if to.size(file.key) != size:
        raise MoveRefused("The other store does not hold what it was given.")
    done.copied, done.bytes = done.copied + 1, done.bytes + size
