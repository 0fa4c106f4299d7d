"""The bytes of images: manifest, frames and thumbnail; each checked by membership and the image's state.

Like every page of a logged-in person they stay out of caches: no image lies on the disk of a shared computer.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from consilium.blobs.store import BlobDamaged, read_blob
from consilium.people.access import glass_roles
from consilium.people.permissions import roles_of
from consilium.people.requests import signed_in
from curation.images.access import may_see, window_of
from curation.images.image_views import ShownPicture, note_when_sent
from curation.models import Image


@require_GET
def image_manifest(request: HttpRequest, pk: int) -> JsonResponse:
    """What the viewer needs to know of an image, with the address of every frame."""
    return JsonResponse(manifest_of(_visible(request, pk)))


@require_GET
def image_frame(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One frame: gzip of byte planes, as the viewer unpacks them. Who was shown it is on record."""
    image = _visible(request, pk)
    if number >= len(image.frame_blobs):
        raise Http404("No such frame.")
    answer = _bytes(image.frame_blobs[number], "application/octet-stream")
    note_when_sent(answer, image, signed_in(request))
    return answer


@require_GET
def image_thumbnail(request: HttpRequest, pk: int) -> HttpResponse:
    """A small PNG."""
    return _bytes(_visible(request, pk).thumbnail_blob, "image/png")


def manifest_of(image: Image) -> dict[str, Any]:
    """The viewer's manifest: shape, rescaling, windows, spacing, and an address per frame."""
    label = " ".join(part for part in (image.modality, image.body_part) if part)
    return window_of(image) | {
        "id": image.pk,
        "label": label,
        "alt": f"{label or 'Medical'} image, {image.frames} frame{'' if image.frames == 1 else 's'}",
        "thumb": reverse("curation:image-thumbnail", args=[image.pk]),
        "frames": [
            reverse("curation:image-frame", args=[image.pk, number])
            for number in range(len(image.frame_blobs))
        ],
    }


def _visible(request: HttpRequest, pk: int) -> Image:
    """The image, or the same 404 for one that does not exist and one that the person may not see."""
    found = Image.objects.select_related("study").filter(pk=pk).first()
    if found is None or not (
        may_see(roles_of(signed_in(request), found.study), found)
        or may_see(glass_roles(request, found.study), found)
    ):
        raise Http404("No such image.")
    return found


def _bytes(sha256: str, media_type: str) -> ShownPicture:
    try:
        content = read_blob(sha256)
    except BlobDamaged as damage:
        raise Http404("This image is damaged; the operator has to restore it.") from damage
    response = ShownPicture(content, content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'"
    return response
