"""Where contents of the store are used, in words for operators and leads: no name, no text of a patient."""

from collections.abc import Collection

from consilium.blobs.scrub import Uses
from curation.models import Export, Image, Release, ReleaseFile
from curation.states import ImageState


def find_uses(digests: Collection[str]) -> Uses:
    """Images, releases and exports that hold these contents, by digest."""
    wanted, found = frozenset(digests), Uses()

    def add(sha256: str, study: int, slug: str, words: str) -> None:
        found.setdefault(sha256, []).append({"study": study, "words": f"study {slug}, {words}"})

    images = Image.objects.exclude(state=ImageState.PURGED).select_related("study")
    for image in images.only("frame_blobs", "model_blobs", "thumbnail_blob", "study__slug").iterator():
        for sha256 in sorted(wanted.intersection(image.blobs)):
            add(sha256, image.study_id, image.study.slug, f"image {image.pk}")
    files = ReleaseFile.objects.filter(blob__in=wanted).values_list("blob_id", "release_id")
    manifests = Release.objects.filter(manifest__in=wanted).values_list("manifest_id", "pk")
    lines = Release.objects.filter(lines__in=wanted).values_list("lines_id", "pk")
    pairs = sorted({(str(sha256), release) for rows in (files, manifests, lines) for sha256, release in rows})
    releases = Release.objects.select_related("study").in_bulk({release for _, release in pairs})
    for sha256, pk in pairs:
        release = releases[pk]
        add(sha256, release.study_id, release.study.slug, f"release {release.digest[:12]}")
        for export in Export.objects.filter(release=release).order_by("pk"):
            add(sha256, release.study_id, release.study.slug, f"export {export.folder}")
    return found
