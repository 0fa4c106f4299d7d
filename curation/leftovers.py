"""Deleted every day: names of refused files, pixels and texts whose time is over, what was left behind."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from consilium.audit.record import record
from consilium.blobs.models import Blob
from consilium.blobs.purge import Purged, delete_marked, delete_strays, purge
from consilium.jobs.handle import JobHandle
from curation.images.blob_users import BlobUsers
from curation.images.purge import start_all_due_purges
from curation.imports.refused_names import drop_old_names
from curation.imports.run import sweep_stored_uploads
from curation.models import Image, Release, ReleaseFile
from curation.states import ImageState

# A younger content may belong to an import that has not stored its image yet.
UNUSED_FOR: Final = timedelta(days=1)


def remove_leftovers(handle: JobHandle) -> dict[str, Any]:
    """The daily job. Repeating it is harmless."""
    names = drop_old_names()
    purges = start_all_due_purges()
    sweep_stored_uploads()
    handle.fence()
    done = [delete_marked(handle.check), delete_strays(handle.check), delete_unused(handle)]
    digests = sorted({sha256 for each in done for sha256 in each.digests})
    if digests:
        with transaction.atomic():
            handle.fence()
            data = {"files": digests, "bytes": sum(each.bytes for each in done), "absent": True}
            record(action="blobs.leftovers_deleted", obj=handle.job, by=None, study=None, data=data)
    return {"files": len(digests), "imports_without_names": names, "purges": len(purges)}


def delete_unused(handle: JobHandle) -> Purged:
    """Delete contents that no image or release uses: their import was cancelled or found them refused."""
    old = Blob.objects.filter(created_at__lt=timezone.now() - UNUSED_FOR, purged_at=None)
    used = _used(handle)
    digests = old.values_list("sha256", flat=True).iterator()
    unused = [sha256 for sha256 in digests if _short(sha256) not in used]
    users = BlobUsers(unused)

    def still_used(some: Collection[str]) -> set[str]:
        frozen = ReleaseFile.objects.filter(blob__in=some).values_list("blob_id", flat=True)
        return users.others(None, some) | set(frozen)

    return purge(unused, still_used, handle.check) if unused else Purged()


def _used(handle: JobHandle) -> set[int]:
    """The first 64 bits of every digest in use: a million fit in memory, and two alike only keep a file."""
    found: set[int] = set()
    images = Image.objects.exclude(state=ImageState.PURGED)
    for image in images.only("frame_blobs", "model_blobs", "thumbnail_blob").iterator():
        found.update(map(_short, image.blobs))
        handle.check()
    rows: Iterable[str | None]
    for rows in (
        ReleaseFile.objects.values_list("blob_id", flat=True).iterator(),
        Release.objects.values_list("manifest_id", flat=True).iterator(),
        Release.objects.exclude(lines=None).values_list("lines_id", flat=True).iterator(),
    ):
        found.update(_short(sha256) for sha256 in rows if sha256)
    return found


def _short(sha256: str) -> int:
    return int(sha256[:16], 16)
