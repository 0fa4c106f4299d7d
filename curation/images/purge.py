"""Deletes the pixels of refused images and the texts of dropped questions; a tombstone and a proof stay.

Each image goes by itself, and its row last: a killed purge starts with that image again. What another image
uses stays (`blob_users.py`), the record names the digests that are gone.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from consilium.audit.record import record
from consilium.blobs.purge import purge
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import ReasonMissing, Refused
from consilium.states.transitions import transition
from curation.images.blob_users import BlobUsers
from curation.images.copies import remove_copies
from curation.models import Image, Question, TextFinding
from curation.releases.withdrawn_images import releases_with
from curation.states import ImageState, QuestionState

KIND: Final = "curation.purge"
# What of a question a person wrote; its id, digest and dates stay.
TEXTS: Final = ("text", "answer", "reference_trace", "modality", "body_part", "question_type")


class NothingToPurge(Refused):
    """Nothing waits to be purged, or it is being purged already; the text is for people."""


def refused_images(study: Study) -> "models.QuerySet[Image]":
    """Images whose pixels may be deleted, oldest refusal first."""
    return Image.objects.filter(study=study, state=ImageState.REFUSED).order_by("refused_at", "pk")


def dropped_texts(study: Study) -> "models.QuerySet[Question]":
    """Questions that were dropped while a text of theirs may name a person: nobody was ever asked them."""
    undecided = TextFinding.objects.filter(question=OuterRef("pk"), choice="")
    dropped = Question.objects.filter(study=study, state=QuestionState.DROPPED, purged_at=None)
    return dropped.filter(Exists(undecided)).order_by("dropped_at", "pk")


def is_text_due(question: Question) -> bool:
    """Whether the texts of this question may be deleted."""
    return dropped_texts(question.study).filter(pk=question.pk).exists()


def start_purge(
    *,
    study: Study,
    by: Person,
    reason: str,
    image: Image | None = None,
    question: Question | None = None,
) -> Job:
    """Queue a purge before its time: of one image or question, else of all that is refused and dropped.

    Raises NotAllowed, ReasonMissing, NothingToPurge.
    """
    check_lead(by, study)
    if not reason.strip():
        raise ReasonMissing("Say why this is deleted now; it cannot be brought back.")
    images = refused_images(study).filter(pk=image.pk) if image else refused_images(study)
    questions = dropped_texts(study).filter(pk=question.pk) if question else dropped_texts(study)
    chosen = {
        "images": [] if question else list(images.values_list("pk", flat=True)),
        "questions": [] if image else list(questions.values_list("pk", flat=True)),
    }
    return _enqueue(study, by, chosen, reason.strip()[:300])


def start_due_purge(*, study: Study, by: Person | None = None) -> Job:
    """Queue the purge of what was refused or dropped more than PURGE_DAYS ago. Raises NothingToPurge."""
    if by is not None:
        check_lead(by, study)
    before = timezone.now() - timedelta(days=settings.PURGE_DAYS)
    chosen = {
        "images": list(refused_images(study).filter(refused_at__lte=before).values_list("pk", flat=True)),
        "questions": list(dropped_texts(study).filter(dropped_at__lte=before).values_list("pk", flat=True)),
    }
    return _enqueue(study, by, chosen, f"{settings.PURGE_DAYS:g} days have passed")


def start_all_due_purges() -> list[Job]:
    """As `start_due_purge` for every study (the daily job)."""
    jobs = []
    for study in Study.objects.order_by("pk"):
        try:
            jobs.append(start_due_purge(study=study))
        except NothingToPurge:
            continue
    return jobs


def running_purge(study: Study) -> Job | None:
    """The purge of the study that is on its way."""
    return Job.objects.filter(study=study, kind=KIND).exclude(state__in=Job.STATES.terminal).first()


def run_purge(handle: JobHandle) -> dict[str, Any]:
    """The job: image by image, question by question. A repeated job goes on where the last one stopped."""
    job, reason = handle.job, str(handle.params["reason"])
    study, by = job.study, job.created_by
    assert study is not None
    images = list(refused_images(study).filter(pk__in=handle.params["images"]))
    questions = list(dropped_texts(study).filter(pk__in=handle.params["questions"]))
    total, users = (
        len(images) + len(questions),
        BlobUsers({sha256 for each in images for sha256 in each.blobs}),
    )
    size = 0
    for number, image in enumerate(images):
        handle.progress(number, total, f"{number} of {len(images)} images deleted")
        size += _purge_image(image, users, handle, by=by, reason=reason)
    for number, question in enumerate(questions, start=len(images)):
        handle.progress(number, total, "Texts of dropped questions")
        _purge_question(question, handle.fence, by=by, reason=reason)
    return {"images": len(images), "questions": len(questions), "bytes": size}


def _purge_image(image: Image, users: BlobUsers, handle: JobHandle, *, by: Person | None, reason: str) -> int:
    """Delete the image's files, then the copies in exports and datasets, then say so; bytes deleted."""
    done = purge(image.blobs, lambda digests: users.others(image, digests), handle.check)
    releases = releases_with(image)
    for release in releases:
        remove_copies(release)
    proof = {
        "pixels": image.pixel_sha256,
        "files": done.digests,
        "bytes": done.bytes,
        "absent": True,  # `purge` looked for each after deleting it
        "used_by_others": done.kept,
        "releases": [release.digest for release in releases],
    }
    with transaction.atomic():
        handle.fence()
        transition(
            image,
            ImageState.PURGED,
            by=by,
            reason=reason,
            data=proof,
            facts={},
            purged_at=timezone.now(),
            purged_by=by,
            purge_reason=reason,
        )
    users.forget(image)
    return done.bytes


def _purge_question(question: Question, fence: Callable[[], None], *, by: Person | None, reason: str) -> None:
    """Empty every text of the question; what stays is its id, its digest and its dates."""
    emptied: dict[str, Any] = dict.fromkeys(TEXTS, "") | {"options": {}, "facets": {}}
    with transaction.atomic():
        fence()
        dropped = Question.objects.filter(pk=question.pk, state=QuestionState.DROPPED, purged_at=None)
        dropped.update(**emptied, purged_at=timezone.now(), purged_by=by)
        data = {"content": question.content_sha256}
        record(action="question.purged", obj=question, by=by, study=question.study, data=data, reason=reason)


@transaction.atomic
def _enqueue(study: Study, by: Person | None, chosen: dict[str, list[int]], reason: str) -> Job:
    if running_purge(study) is not None:
        raise NothingToPurge("A purge of this study is on its way; wait for its end.")
    if not any(chosen.values()):
        raise NothingToPurge("Nothing waits to be deleted.")
    return enqueue(kind=KIND, by=by, study=study, params=chosen | {"reason": reason})
