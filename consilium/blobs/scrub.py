"""Moves damaged contents aside, says where each is used, and puts the right bytes back from a backup.

What lies in quarantine is read by nothing: it is neither served nor exported, and the next bytes of that name
take the place in the store.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

from django.db import transaction
from django.utils import timezone

from consilium.blobs.blob_store import StoreRefuses
from consilium.blobs.models import Blob
from consilium.blobs.site_store import owns_store, site_store
from consilium.blobs.store import (
    BlobDamaged,
    clear_marks,
    damaged_blobs,
    is_intact,
    key_of,
    note_damage,
    place,
    quarantine_key,
)

MISSING: Final = "missing"
CHANGED: Final = "changed"
# Who uses some contents: digest to uses. A use has `study` (its key) and `words`
# ("study chest, image 12"), without patient data.
Uses = dict[str, list[dict[str, Any]]]
FindUses = Callable[[Collection[str]], Uses]
_finders: list[FindUses] = []


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged content: its digest, since when, "missing" or "changed", and who uses it."""

    sha256: str
    since: datetime
    kind: str
    uses: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """As commands print it."""
        used = "; ".join(use["words"] for use in self.uses) or "nothing that is known"
        return {"sha256": self.sha256, "since": self.since.isoformat(), "what": self.kind, "used_by": used}


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What a scrub found: digests that are damaged now, those of them found just now, those healed since."""

    damaged: list[str]
    fresh: list[str]
    mended: list[str]


def register_uses(find: FindUses) -> None:
    """Have `find(digests)` asked who uses damaged contents."""
    if find not in _finders:
        _finders.append(find)


def scrub(check: Callable[[], None]) -> Scrubbed:
    """Read every content, and move aside what is damaged; `check` may raise between two files.

    Raises StoreAway: nothing is called damaged because the store does not answer.
    """
    if not owns_store():
        raise StoreRefuses("the mark of this site is missing")
    found = damaged_blobs(check)
    uses = uses_of(found)
    fresh = [sha256 for sha256 in found if quarantine(sha256, uses.get(sha256, []))]
    marked = Blob.objects.exclude(damaged_at=None)
    healed = [sha256 for sha256 in marked.values_list("sha256", flat=True) if sha256 not in set(found)]
    mended = [sha256 for sha256 in healed if _note_mended(sha256)]
    return Scrubbed(sorted(marked.values_list("sha256", flat=True)), fresh, mended)


@transaction.atomic
def quarantine(sha256: str, uses: list[dict[str, Any]]) -> bool:
    """Move what lies in the place of a content aside and say so; whether that is news.

    It is read once more, under the lock that a purge and new bytes take: one wrong reading is no damage.
    """
    row = Blob.objects.select_for_update().filter(sha256=sha256, purged_at=None).first()
    if row is None or is_intact(sha256):
        return False
    kind = CHANGED if site_store().move(key_of(sha256), quarantine_key(sha256)) else MISSING
    if row.damaged_at is not None:
        return False
    damage = {"kind": kind, "uses": uses}
    Blob.objects.filter(sha256=sha256).update(damaged_at=timezone.now(), damage=damage)
    note_damage("blob.damaged", row, uses)
    return True


def uses_of(digests: Collection[str]) -> Uses:
    """Who uses these contents, as far as anybody says."""
    found: Uses = {}
    for find in _finders if digests else ():
        for sha256, uses in find(digests).items():
            found.setdefault(sha256, []).extend(uses)
    return found


def damages() -> list[Damage]:
    """What is damaged now, oldest first."""
    rows = Blob.objects.exclude(damaged_at=None).order_by("damaged_at", "sha256")
    return [
        Damage(row.sha256, row.damaged_at, row.damage.get("kind", ""), row.damage.get("uses", []))
        for row in rows
        if row.damaged_at
    ]


def damaged_in(study: int) -> list[str]:
    """In words that do not name it, what of a study is damaged now (`study`: its key)."""
    uses = [use for damage in damages() for use in damage.uses if use["study"] == study]
    return list(dict.fromkeys(use["words"].partition(", ")[2] for use in uses))


def mend(sha256: str, source: BinaryIO) -> bool:
    """Put a damaged content back; False when `source` holds other bytes. Raises StoreAway, OSError."""
    try:
        place(sha256, source)
    except BlobDamaged:
        return False
    return _note_mended(sha256)


@transaction.atomic
def _note_mended(sha256: str) -> bool:
    row = Blob.objects.select_for_update().filter(sha256=sha256).exclude(damaged_at=None).first()
    if row is None or not is_intact(sha256):
        return False
    clear_marks(sha256)
    return True
