"""A person looks at every frame of an image and signs that its pixels name nobody."""

from collections.abc import Collection
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from consilium.audit.anchors import anchor_after_commit
from consilium.canonical_json import canonical_sha256
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from consilium.signatures.models import Meaning, Sitting
from consilium.signatures.sign import SignatureLine, sign, signature_lines, signed_digests
from consilium.states.transitions import transition
from curation.models import Image, PixelReview
from curation.permissions import check_may_sign
from curation.states import ImageState


class PixelsChanged(Refused):
    """The pixels that were looked at are not the image's; the text is for people."""


class NoteMissing(Refused):
    """A refusal without a note; the text is for people."""


def sign_pixels(
    *,
    image: Image,
    pixel_sha256: str,
    is_clean: bool,
    note: str,
    by: Person,
    sitting: Sitting | None = None,
) -> PixelReview:
    """Store the review of exactly these pixels; a clean image becomes usable, another one is refused.

    Signed in the person's sitting; None is a program in a person's name: the page says "not signed".
    Raises NotAllowed, PixelsChanged, NoteMissing, NotSigned, TransitionRefused, StateChanged.
    """
    check_pixel_review(image=image, pixel_sha256=pixel_sha256, is_clean=is_clean, note=note, by=by)
    with transaction.atomic():
        signed = PixelReview.objects.create(
            image=image, person=by, pixel_sha256=pixel_sha256, is_clean=is_clean, note=note.strip()[:300]
        )
        data: dict[str, Any] = {"pixels": pixel_sha256}
        if is_clean:
            transition(image, ImageState.REVIEWED, by=by, data=data)
            transition(image, ImageState.RELEASED, by=by, data=data)
        else:
            refused: dict[str, Any] = {"refused_at": timezone.now(), "refusal": note.strip()[:300]}
            transition(image, ImageState.REFUSED, by=by, data=data, **refused)
        if sitting is not None:
            sign(
                sitting=sitting,
                obj=signed,
                study=image.study,
                meaning=pixel_meaning(is_clean),
                content=pixel_content(image),
                by=by,
            )
    return signed


def check_pixel_review(*, image: Image, pixel_sha256: str, is_clean: bool, note: str, by: Person) -> None:
    """Raise NotAllowed, PixelsChanged or NoteMissing unless the person may review these pixels so."""
    check_may_sign(by, image)
    if pixel_sha256 != image.pixel_sha256:
        raise PixelsChanged("These are not the pixels that were shown; load the page again.")
    if not is_clean and not note.strip():
        raise NoteMissing("Say what you saw, for example where a name stands; do not write the name itself.")


def pixel_meaning(is_clean: bool) -> Meaning:
    """What a reviewer of pixels signs."""
    return Meaning.PIXELS_CLEAN if is_clean else Meaning.PIXELS_REFUSED


def pixel_content(image: Image) -> dict[str, Any]:
    """What is signed: the pixels, and every frame that people and models are shown of them."""
    return {
        "image": image.pk,
        "pixels": image.pixel_sha256,
        "frames": image.frame_blobs,
        "model_frames": image.model_blobs,
    }


def pixel_signatures(image: Image, reviews: Collection[PixelReview]) -> dict[int, list[SignatureLine]]:
    """What was signed of these reviews of the image, by the review's key; void where the pixels changed."""
    now = pixel_content(image)
    return signature_lines(PixelReview, [review.pk for review in reviews], lambda _: now)


def void_images(study: Study) -> set[int]:
    """Keys of usable images of which no review stands: they hold something else than was looked at."""
    signed = signed_digests(PixelReview, study, Meaning.PIXELS_CLEAN)
    reviews = PixelReview.objects.filter(
        image__study=study, image__state=ImageState.RELEASED, is_clean=True
    ).select_related("image")
    looked_at, standing = set[int](), set[int]()
    for review in reviews.iterator():
        image = review.image
        looked_at.add(image.pk)
        is_as_signed = signed.get(review.pk) in (None, canonical_sha256(pixel_content(image)))
        if review.pixel_sha256 == image.pixel_sha256 and is_as_signed:
            standing.add(image.pk)
    return looked_at - standing


def withdraw_image(*, image: Image, reason: str, by: Person) -> Image:
    """Take a usable image back after a finding; its questions leave every later release.

    A frozen release that holds it is no longer exported, trained on or scored; its pixels are deleted after
    PURGE_DAYS (`purge.py`).
    """
    check_lead(by, image.study)
    if not reason.strip():
        raise NoteMissing("Say why the image is withdrawn.")
    why = reason.strip()[:300]
    with transaction.atomic():
        transition(image, ImageState.REFUSED, by=by, reason=why, refused_at=timezone.now(), refusal=why)
        anchor_after_commit(image.study, cause="withdrawal")
    return image


def waiting(study: Study) -> "models.QuerySet[Image]":
    """Images that wait for a pixel review, oldest first."""
    return Image.objects.filter(study=study, state=ImageState.QUARANTINED).order_by("pk")
