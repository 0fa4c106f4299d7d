"""Deletes contents that nobody uses: marked first, deleted under the row's lock, and looked for afterwards.

Killed at any moment it is done again and ends the same: a mark says that nobody uses the content, whatever
has become of its file.
"""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.utils import timezone

from consilium.blobs.models import Blob
from consilium.blobs.site_store import owns_store, site_store
from consilium.blobs.store import BLOBS, key_of, quarantine_key, tell_damaged

BATCH: Final = 100
# A file that is younger may be on its way to its row.
STRAY_SECONDS: Final = 24 * 3600

# Which of these digests are used; called under the lock of their rows.
StillUsed = Callable[[Collection[str]], Collection[str]]
Check = Callable[[], None]


@dataclass(slots=True)
class Purged:
    """What a purge did: digests whose files are gone, their bytes, digests whose files stay or are back."""

    digests: list[str] = field(default_factory=list)
    bytes: int = 0
    kept: list[str] = field(default_factory=list)


def purge(digests: Collection[str], still_used: StillUsed, check: Check) -> Purged:
    """Delete the files of all these contents that nobody uses; `check` may raise between two batches.

    Raises OSError.
    """
    done = Purged()
    for batch in _batches(digests):
        check()
        kept = _mark(batch, still_used)
        gone = _delete([sha256 for sha256 in batch if sha256 not in kept])
        done.kept += sorted({sha256 for sha256 in batch if sha256 in kept or _is_there(sha256)})
        done.digests += sorted(gone)
        done.bytes += sum(gone.values())
    return done


def delete_marked(check: Check) -> Purged:
    """Delete what is marked and still, or again, on the disk."""
    marked = Blob.objects.exclude(purged_at=None).values_list("sha256", flat=True)
    return purge([sha256 for sha256 in marked if _is_there(sha256)], lambda _: (), check)


def delete_strays(check: Check) -> Purged:
    """Delete files that no row knows and that are older than a day: their process was killed."""
    if not owns_store():
        return Purged()
    oldest, unknown = time.time() - STRAY_SECONDS, dict[str, int]()
    site_store().delete_drafts(BLOBS, oldest)
    for file in site_store().files(BLOBS):
        check()
        sha256 = file.key.rpartition("/")[2]
        if file.modified <= oldest and not Blob.objects.filter(sha256=sha256).exists():
            unknown[sha256] = file.size
    for sha256, size in unknown.items():  # as a marked row, whose bytes may come again at this moment
        fresh = {"size": size, "media_type": "application/octet-stream", "purged_at": timezone.now()}
        Blob.objects.get_or_create(sha256=sha256, defaults=fresh)
    return delete_marked(check) if unknown else Purged()


@transaction.atomic
def _mark(batch: list[str], still_used: StillUsed) -> set[str]:
    """Mark what nobody uses; returns the rest. Users that come later wait for this lock and find the mark."""
    locked = list(Blob.objects.select_for_update().filter(sha256__in=batch).order_by("sha256"))
    known = [blob.sha256 for blob in locked]
    kept = set(still_used(known))
    free = [blob.sha256 for blob in locked if blob.purged_at is None and blob.sha256 not in kept]
    Blob.objects.filter(sha256__in=free).update(purged_at=timezone.now(), damaged_at=None, damage={})
    if any(blob.damaged_at for blob in locked):
        tell_damaged()
    return kept


@transaction.atomic
def _delete(batch: list[str]) -> dict[str, int]:
    """Delete the files of marked rows; digest to size of those that are gone when looked for afterwards.

    Bytes that come at this moment may be there again already: their row waits for this lock to lose its mark.
    """
    rows = Blob.objects.select_for_update().filter(sha256__in=batch).exclude(purged_at=None)
    sizes = dict(rows.order_by("sha256").values_list("sha256", "size"))
    site_store().delete([key for sha256 in sizes for key in (key_of(sha256), quarantine_key(sha256))])
    return {sha256: size for sha256, size in sizes.items() if not _is_there(sha256)}


def _is_there(sha256: str) -> bool:
    return any(site_store().size(key) is not None for key in (key_of(sha256), quarantine_key(sha256)))


def _batches(digests: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(set(filter(None, digests)))
    return (ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH))
