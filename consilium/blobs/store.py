"""Puts contents into the store (whole file first, row last) and reads them back."""

import errno
import hashlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.db import transaction

from consilium.audit.record import record
from consilium.blobs.blob_store import ContentDiffers, pieces_of
from consilium.blobs.models import Blob
from consilium.blobs.site_store import site_store
from consilium.people.models import Study
from consilium.refusals import Refused

BATCH: Final = 500
BLOBS: Final = "blobs/"
QUARANTINE: Final = "quarantine/"
SOME: Final = 3
_counts: list[Callable[[int], None]] = []


class BlobDamaged(Refused):
    """A stored file is missing or its bytes no longer match its name."""


class BlobPurged(BlobDamaged):
    """A stored file was deleted on purpose."""


def key_of(sha256: str) -> str:
    """The key of a content in the store; two levels keep folders small."""
    return f"{BLOBS}{sha256[:2]}/{sha256[2:4]}/{sha256}"


def some_keys() -> list[str]:
    """Keys of some contents that should be in the store, old and new ones."""
    rows = Blob.objects.filter(purged_at=None, damaged_at=None).values_list("sha256", flat=True)
    found = [*rows.order_by("created_at")[:SOME], *rows.order_by("-created_at")[:SOME]]
    return [key_of(sha256) for sha256 in dict.fromkeys(found)]


def quarantine_key(sha256: str) -> str:
    """Where the wrong bytes lie that were found in the place of a content: nothing reads them there."""
    return f"{QUARANTINE}{sha256}"


def put(content: bytes, media_type: str) -> Blob:
    """Store bytes; the same bytes give the same row. A damaged file of that name is replaced."""
    sha256 = hashlib.sha256(content).hexdigest()
    return _store(sha256, len(content), media_type, lambda: iter([content]))


def put_file(source: Path, media_type: str) -> Blob:
    """Store a file by streaming it twice: once for its name, once for the copy; see `put`."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(source):
        digest.update(chunk)
        size += len(chunk)
    return _store(digest.hexdigest(), size, media_type, lambda: _chunks(source))


def keep_stored(digests: Collection[str]) -> bool:
    """Inside a transaction: keep these contents from being purged until it ends; False when one is gone
    or damaged.

    Whoever stores a row that uses contents calls this first: a purge looks for users under the same lock.
    """
    wanted, held = sorted(set(digests)), 0
    for start in range(0, len(wanted), BATCH):
        rows = Blob.objects.select_for_update().filter(sha256__in=wanted[start : start + BATCH])
        marks = rows.order_by("sha256").values_list("purged_at", "damaged_at")
        held += sum(mark == (None, None) for mark in marks)
    return held == len(wanted)


def place(sha256: str, source: BinaryIO) -> None:
    """Put the file of a content back whose row is, or will be, there. Raises BlobDamaged for other bytes."""
    if is_intact(sha256):
        return
    try:
        site_store().put(key_of(sha256), pieces_of(source), sha256)
    except ContentDiffers:
        raise BlobDamaged("A file to put back is not the one that its name says.") from None


def open_blob(sha256: str) -> BinaryIO:
    """The content, open for reading. Raises BlobDamaged when the file is gone."""
    try:
        return site_store().open(key_of(sha256))
    except FileNotFoundError:
        if Blob.objects.filter(sha256=sha256).exclude(purged_at=None).exists():
            raise BlobPurged("A stored file was withdrawn and deleted on purpose.") from None
        raise BlobDamaged(
            "A stored file is missing or was damaged; the operator can put it back from a backup."
        ) from None


def read_blob(sha256: str) -> bytes:
    """The whole content of a small blob, checked against its name."""
    with open_blob(sha256) as handle:
        content = handle.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BlobDamaged("A stored file was changed on disk; tell the operator to restore it from backup.")
    return content


def damaged_blobs(check: Callable[[], None]) -> list[str]:
    """Names of all blobs whose file is missing or changed (the daily scrub); purged ones are not missed.

    `check` is called before each file and may raise to stop: a large store takes hours.
    """
    found = []
    for sha256 in Blob.objects.filter(purged_at=None).values_list("sha256", flat=True).iterator():
        check()
        if not is_intact(sha256) and Blob.objects.filter(sha256=sha256, purged_at=None).exists():
            found.append(sha256)
    return found


def is_intact(sha256: str) -> bool:
    """Whether the store holds these very bytes. A file that the disk cannot read is not intact."""
    digest = hashlib.sha256()
    try:
        with site_store().open(key_of(sha256)) as handle:
            for piece in pieces_of(handle):
                digest.update(piece)
    except FileNotFoundError:  # also where a purge deletes it at this moment
        return False
    except OSError as problem:
        if problem.errno != errno.EIO:
            raise
        return False
    return digest.hexdigest() == sha256


def _store(sha256: str, size: int, media_type: str, content: Callable[[], Iterator[bytes]]) -> Blob:
    if not is_intact(sha256):
        _publish(sha256, content())
    blob, _ = Blob.objects.get_or_create(sha256=sha256, defaults={"size": size, "media_type": media_type})
    if blob.purged_at is None and blob.damaged_at is None:
        return blob
    with transaction.atomic():  # what deletes files holds this lock: afterwards the file is there to stay
        Blob.objects.select_for_update().get(sha256=sha256)
        if not is_intact(sha256):
            _publish(sha256, content())
        clear_marks(sha256)
    blob.refresh_from_db()
    return blob


def clear_marks(sha256: str) -> None:
    """Inside a transaction: the right bytes are in the store again. What was damaged is deleted."""
    row = Blob.objects.get(sha256=sha256)
    if row.damaged_at is not None:
        site_store().delete([quarantine_key(sha256)])
        note_damage("blob.mended", row, row.damage.get("uses", []))
    Blob.objects.filter(sha256=sha256).update(purged_at=None, damaged_at=None, damage={})
    if row.damaged_at is not None:
        tell_damaged()


def register_count(tell: Callable[[int], None]) -> None:
    """Have `tell(number)` called, in the same transaction, when fewer contents are damaged than before."""
    if tell not in _counts:
        _counts.append(tell)


def tell_damaged() -> None:
    """Inside a transaction: pass on how many contents are damaged now."""
    number = Blob.objects.exclude(damaged_at=None).count() if _counts else 0
    for tell in _counts:
        tell(number)


def note_damage(action: str, row: Blob, uses: list[dict[str, Any]]) -> None:
    """Inside a transaction: put on record, for the site and in each study, what befell a content."""
    for study in Study.objects.filter(pk__in={use["study"] for use in uses}).order_by("slug"):
        words = [use["words"] for use in uses if use["study"] == study.pk]
        record(action=action, obj=row, by=None, study=study, data={"used_by": words})
    record(action=action, obj=row, by=None, study=None, data={"uses": len(uses)})


def _chunks(source: Path) -> Iterator[bytes]:
    with source.open("rb") as handle:
        yield from pieces_of(handle)


def _publish(sha256: str, chunks: Iterator[bytes]) -> None:
    try:
        site_store().put(key_of(sha256), chunks, sha256)
    except ContentDiffers:
        raise BlobDamaged("A file changed while it was being stored; nothing of it was kept.") from None
