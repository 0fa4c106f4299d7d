"""Stores a finished piece of work: exactly once, on a slot or as surplus, projected in one transaction."""

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from consilium.audit.record import record
from consilium.canonical_json import canonical_sha256
from consilium.people.models import GuidelineVersion, Person
from consilium.people.permissions import check_takes_part
from consilium.people.protocol import lock_protocol
from consilium.states.transitions import transition
from consilium.workqueue import kinds
from consilium.workqueue.claim import check_not_over, locked_claim
from consilium.workqueue.hold import bounded_seconds
from consilium.workqueue.models import Claim, Draft, Kind, Submission
from consilium.workqueue.refusals import ItemClosed, KeyReused, VersionConflict
from consilium.workqueue.retry import until_written
from consilium.workqueue.slots import free_slot, note_free_slot
from consilium.workqueue.states import ClaimState


def submit(
    *,
    claim_token: uuid.UUID | str,
    person: Person,
    content: dict[str, Any],
    idempotency_key: uuid.UUID,
    active_seconds: int = 0,
    base_version: int = 0,
) -> Submission:
    """Store the work of a claim as version `base_version + 1`. The same key again gives the same submission.

    On an expired claim the person gets a free slot back, else the submission is surplus. After the first
    submission the person may send revisions until the item closes.
    Raises Http404 (not the person's), ClaimOver, ItemClosed, VersionConflict, KeyReused, NotAllowed (no
    consent) or InvalidContent; nothing is stored then.
    """

    def once() -> Submission:
        with transaction.atomic():
            return _submit(claim_token, person, content, idempotency_key, active_seconds, base_version)

    try:
        return until_written(once)
    except IntegrityError:
        if not Submission.objects.filter(idempotency_key=idempotency_key).exists():
            raise
        return once()  # the same key arrived twice at once: the other one stored it


def _submit(
    token: uuid.UUID | str,
    person: Person,
    content: dict[str, Any],
    key: uuid.UUID,
    active_seconds: int,
    base_version: int,
) -> Submission:
    claim = locked_claim(token, person)
    if (earlier := _same_key(claim, person, content, key)) is not None:
        return earlier
    check_not_over(claim)
    check_takes_part(person, claim.study)
    _check_version(claim, base_version)
    if not claim.item.is_open:
        raise ItemClosed
    cleaned = kinds.find(claim.item.kind).validate(claim.item, content, claim.shown)
    seconds = _seconds(claim, active_seconds)
    submission = _insert(claim, cleaned, key, seconds, base_version)
    _finish(claim, submission, seconds)
    return submission


def _same_key(claim: Claim, person: Person, content: dict[str, Any], key: uuid.UUID) -> Submission | None:
    """What this key stored before. Raises KeyReused when that is not the same work by the same person."""
    earlier = Submission.objects.filter(idempotency_key=key).first()
    if earlier is None:
        return None
    if (earlier.item_id, earlier.person_id) != (claim.item_id, person.pk):
        raise KeyReused
    try:
        cleaned = kinds.find(earlier.kind).validate(claim.item, content, earlier.shown)
    except kinds.InvalidContent:
        raise KeyReused from None
    if canonical_sha256(cleaned) != earlier.content_sha256:
        raise KeyReused
    return earlier


def _check_version(claim: Claim, base_version: int) -> None:
    newest = claim.item.submissions.filter(person=claim.person).order_by("-version").first()
    current = newest.version if newest else 0
    if base_version != current:
        stored = newest.content if newest else {}
        raise VersionConflict(yours=base_version, current=current, content=stored)


def _seconds(claim: Claim, reported: int) -> int:
    now = timezone.now()
    return bounded_seconds(reported=reported, stored=claim.active_seconds, since=claim.heartbeat_at, now=now)


def _insert(
    claim: Claim, cleaned: dict[str, Any], key: uuid.UUID, seconds: int, base_version: int
) -> Submission:
    if claim.state == ClaimState.EXPIRED:
        claim.slot = free_slot(claim.item)
    kind = kinds.find(claim.item.kind)
    return Submission.objects.create(
        item=claim.item,
        study=claim.study,
        person=claim.person,
        kind=kind.name,
        idempotency_key=key,
        version=base_version + 1,
        schema_version=kind.schema_version,
        content=cleaned,
        content_sha256=canonical_sha256(cleaned),
        shown=claim.shown,
        is_surplus=claim.slot is None,
        active_seconds=seconds,
        guideline=GuidelineVersion.objects.filter(study=claim.study).order_by("-number").first(),
    )


def _finish(claim: Claim, submission: Submission, seconds: int) -> None:
    """Everything that follows from a stored submission; the audit event comes last."""
    person, study = claim.person, claim.study
    if submission.kind == Kind.COMPARE and study.protocol_locked_at is None:
        lock_protocol(study, person)
    if claim.state != ClaimState.SUBMITTED:
        transition(claim, ClaimState.SUBMITTED, by=person, slot=claim.slot)
        note_free_slot(claim.item)
    Claim.objects.filter(pk=claim.pk).update(active_seconds=seconds, heartbeat_at=timezone.now())
    kinds.find(submission.kind).project(submission)
    Draft.objects.filter(item=claim.item, person=person).delete()
    record(
        action="submission.stored",
        obj=submission,
        by=person,
        study=study,
        data={
            "item": claim.item_id,
            "version": submission.version,
            "sha256": submission.content_sha256,
            "surplus": submission.is_surplus,
        },
    )
