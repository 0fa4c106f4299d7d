"""Images of a frozen release that were withdrawn since: the release stands, but is used no more."""

from collections.abc import Iterator

from consilium.refusals import Refused
from curation.models import Image, Release, ReleaseFile
from curation.states import ImageState

CHUNK = 500
SHOWN = 3


class ImageWithdrawn(Refused):
    """The release holds an image that was withdrawn; the text names it and says what to do."""


def withdrawn_images(release: Release) -> list[Image]:
    """The images of the release that were refused or purged since it was frozen, oldest first."""
    out = Image.objects.filter(study=release.study_id, state__in=(ImageState.REFUSED, ImageState.PURGED))
    by_blob = {sha256: image for image in out.order_by("-pk") for sha256 in image.model_blobs}
    held = {by_blob[sha256].pk: by_blob[sha256] for sha256 in _held(release, sorted(by_blob))}
    return [held[pk] for pk in sorted(held)]


def releases_with(image: Image) -> list[Release]:
    """The releases of its study whose files show the image."""
    files = ReleaseFile.objects.filter(release__study=image.study_id)
    parts = [
        files.filter(blob__in=part).values_list("release_id", flat=True) for part in _parts(image.model_blobs)
    ]
    found = {pk for part in parts for pk in part}
    return list(Release.objects.filter(pk__in=found).order_by("pk"))


def check_images_stand(release: Release) -> None:
    """Raise ImageWithdrawn when the release may no longer be exported, trained on or scored."""
    if images := withdrawn_images(release):
        shown = ", ".join(str(image.pk) for image in images[:SHOWN])
        more = f" and {len(images) - SHOWN} more" if len(images) > SHOWN else ""
        several = len(images) > 1
        raise ImageWithdrawn(
            f"{release} holds image{'s' if several else ''} {shown}{more}, withdrawn since it was frozen."
            " Withdraw the release and freeze a new one."
        )


def _held(release: Release, digests: list[str]) -> Iterator[str]:
    files = ReleaseFile.objects.filter(release=release)
    for part in _parts(digests):
        yield from files.filter(blob__in=part).values_list("blob_id", flat=True)


def _parts(digests: list[str]) -> Iterator[list[str]]:
    return (digests[start : start + CHUNK] for start in range(0, len(digests), CHUNK))
