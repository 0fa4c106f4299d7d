"""Which contents of the store images and releases use; what is asked of it may never be deleted wrongly."""

from collections.abc import Collection, Iterator

from curation.models import Image, Release, ReleaseFile
from curation.states import ImageState

CHUNK = 500


class BlobUsers:
    """Who uses some contents. Every image is read once, later only those that came since.

    An image that is purged meanwhile may still count: then a file stays until the next purge.
    """

    def __init__(self, digests: Collection[str]) -> None:
        self._wanted = frozenset(digests)
        self._seen: set[int] = set()
        self._users: dict[str, set[int]] = {}

    def others(self, image: Image | None, digests: Collection[str]) -> set[str]:
        """Those of the digests that something else than this image uses now."""
        self._read_new()
        own = {image.pk} if image else set()
        used = {sha256 for sha256 in digests if self._users.get(sha256, set()) - own}
        # What an import of a release brought is that study's own, whatever was withdrawn in another.
        brought = ReleaseFile.objects.filter(release__origin__isnull=False, blob__in=sorted(digests))
        kept = brought.exclude(release__study=image.study_id) if image else brought
        used |= set(kept.values_list("blob_id", flat=True))
        manifests = Release.objects.filter(manifest__in=[sha256 for sha256 in digests if sha256 not in used])
        return used | set(manifests.values_list("manifest_id", flat=True))

    def forget(self, image: Image) -> None:
        """The image is purged: it uses nothing any more."""
        for users in self._users.values():
            users.discard(image.pk)

    def _read_new(self) -> None:
        # By keys, not from the highest on: an image with a low key may be committed later than one above it.
        keys = set(Image.objects.exclude(state=ImageState.PURGED).values_list("pk", flat=True)) - self._seen
        for image in _images(sorted(keys)):
            self._seen.add(image.pk)
            for sha256 in self._wanted.intersection(image.blobs):
                self._users.setdefault(sha256, set()).add(image.pk)


def _images(keys: list[int]) -> Iterator[Image]:
    for start in range(0, len(keys), CHUNK):
        rows = Image.objects.filter(pk__in=keys[start : start + CHUNK])
        yield from rows.only("frame_blobs", "model_blobs", "thumbnail_blob")
