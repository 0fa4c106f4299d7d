"""What is shown of an image: the same PNG bytes for clinicians, models, judges and exports."""

from collections.abc import Collection, Sequence
from typing import Any

from consilium.blobs.store import read_blob
from consilium.people.models import Role
from consilium.people.permissions import SENIORS
from consilium.refusals import Refused
from curation.models import Image, Question, QuestionImage
from curation.states import ImageState


class NotShowable(Refused):
    """An image of the question has not been released; nobody but a pixel reviewer may see it."""


def model_image_blobs(question: Question) -> list[str]:
    """SHA-256 of each PNG that models get for the question, in order. Raises NotShowable."""
    images = question.ordered_images()
    if any(image.state != ImageState.RELEASED for image in images):
        raise NotShowable(f"Question {question.external_id}: an image still waits for its pixel review.")
    return [sha256 for image in images for sha256 in image.model_blobs]


def model_images(question: Question) -> list[bytes]:
    """The PNG bytes that models get for the question, in order. Raises NotShowable, BlobDamaged."""
    return [read_blob(sha256) for sha256 in model_image_blobs(question)]


def model_image_blobs_of(questions: Collection[int]) -> dict[int, list[str] | None]:
    """As `model_image_blobs` for many questions by key; None where an image has not been released."""
    found: dict[int, list[str] | None] = {question: [] for question in questions}
    links = QuestionImage.objects.filter(question__in=questions).order_by("question", "position")
    for question, state, blobs in links.values_list("question", "image__state", "image__model_blobs"):
        sofar = found[question]
        if state != ImageState.RELEASED or sofar is None:
            found[question] = None
        else:
            sofar += blobs
    return found


def may_see(roles: frozenset[str], image: Image) -> bool:
    """Members see released images; leads and adjudicators also those that wait for their pixel review.

    `roles`: those of the person in the image's study.
    """
    if image.state == ImageState.RELEASED:
        return bool(roles & set(Role.values))
    return image.state in (ImageState.QUARANTINED, ImageState.REVIEWED) and bool(roles & set(SENIORS))


def window_of(image: Image) -> dict[str, Any]:
    """Everything the viewer needs to draw the frames: shape, rescaling, windows, spacing."""
    shown = ("slope", "intercept", "inverted", "window", "presets", "spacing", "spacing_meaning", "aspect")
    facts = {name: image.facts.get(name) for name in (*shown, "orientation", "laterality", "view")}
    return {
        "kind": image.kind,
        "rows": image.rows,
        "columns": image.columns,
        "frames": image.frames,
        "modality": image.modality,
        **facts,
    }


def all_released(images: Sequence[Image]) -> bool:
    """Whether every image may be shown to members."""
    return all(image.state == ImageState.RELEASED for image in images)
