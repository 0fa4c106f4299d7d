"""Stores a finished piece of work: exactly once, on a slot or as surplus, projected in one transaction."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict, Unpack

from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.utils import timezone

from consilium.audit.record import audited_transaction, record
from consilium.canonical_json import canonical_sha256
from consilium.people.models import Person, Study
from consilium.people.permissions import NoConsent, Standing
from consilium.people.protocol import lock_protocol
from consilium.prepared import Prepared, delete, insert, update
from consilium.signatures.models import Meaning, Sitting
from consilium.signatures.sign import sign
from consilium.states.transitions import transition
from consilium.workqueue import kinds
from consilium.workqueue.claim import check_in_hand, claim_at_once, locked_work
from consilium.workqueue.hold import bounded_seconds
from consilium.workqueue.models import Claim, Draft, Kind, Submission
from consilium.workqueue.refusals import ItemClosed, KeyReused, VersionConflict
from consilium.workqueue.retry import until_written
from consilium.workqueue.slots import free_slot, note_free_slot
from consilium.workqueue.states import ClaimState


@dataclass(frozen=True, slots=True)
class Finished:
    """A stored submission, and the claim on the next item where one was made in the same transaction."""

    submission: Submission
    next_claim: Claim | None
    standing: Standing


class Sent(TypedDict):
    """What a person sends: the token of their claim, the finished content, and a key that they use once.

    `active_seconds`: time spent on it, `base_version`: the version it builds on, 0 for none.
    `sitting_for` finds the sitting in which the person signs a kind of work that is signed; a program that
    works in a person's name leaves it out and signs nothing.
    """

    claim_token: uuid.UUID | str
    person: Person
    content: dict[str, Any]
    idempotency_key: uuid.UUID
    active_seconds: NotRequired[int]
    base_version: NotRequired[int]
    sitting_for: NotRequired[Callable[[Study, Meaning], Sitting]]


def submit(**sent: Unpack[Sent]) -> Submission:
    """Store the work of a claim as version `base_version + 1`. The same key again gives the same submission.

    On an expired claim the person gets a free slot back, else the submission is surplus. After the first
    submission the person may send revisions until the item closes.
    Raises Http404 (not the person's), NotOpened, ClaimOver, ItemClosed, VersionConflict, KeyReused,
    NotAllowed (no consent), NotSigned or InvalidContent; nothing is stored then.
    """
    return _stored(sent, go_on=False).submission


def submit_and_go_on(**sent: Unpack[Sent]) -> Finished:
    """The same, and the next item of the kind is claimed in the same transaction if that needs no waiting."""
    return _stored(sent, go_on=True)


def _stored(sent: Sent, *, go_on: bool) -> Finished:
    def once() -> Finished:
        with audited_transaction():
            return _submit(sent, go_on=go_on)

    try:
        return until_written(once)
    except IntegrityError:
        if not Submission.objects.filter(idempotency_key=sent["idempotency_key"]).exists():
            raise
        return once()  # the same key arrived twice at once: the other one stored it


def _submit(sent: Sent, *, go_on: bool) -> Finished:
    claim, standing = locked_work(sent["claim_token"], sent["person"])
    known = _known(claim, sent)
    submission = _same_key(claim, sent, known)
    if submission is None:
        check_in_hand(claim)
        if not standing.takes_part:
            raise NoConsent
        _check_version(sent, known)
        if not claim.item.is_open:
            raise ItemClosed
        cleaned = kinds.find(claim.item.kind).validate(claim.item, sent["content"], claim.shown)
        sitting = _sitting(claim, sent)
        submission = _finish(claim, standing, sent, cleaned)
        if sitting is not None:
            _sign(submission, sitting)
    kind = claim.item.kind
    following = claim_at_once(standing, kind) if go_on and standing.takes_part else None
    return Finished(submission, following, standing)


def _sitting(claim: Claim, sent: Sent) -> Sitting | None:
    """Where the work of the claim is signed; None where it is not. Raises NotSigned."""
    signature = kinds.find(claim.item.kind).signature
    if signature is None or "sitting_for" not in sent:
        return None
    return sent["sitting_for"](claim.study, signature.meaning)


def _sign(submission: Submission, sitting: Sitting) -> None:
    signature = kinds.find(submission.kind).signature
    assert signature is not None
    sign(
        sitting=sitting,
        obj=submission,
        study=submission.study,
        meaning=signature.meaning,
        content=signature.content(submission),
        by=submission.person,
    )


def _known(claim: Claim, sent: Sent) -> list[Submission]:
    """What is stored of this work or under this key, newest version first."""
    return _KNOWN(item=claim.item_id, person=claim.person_id, key=sent["idempotency_key"])


def _known_submissions(item: int, person: int, key: uuid.UUID) -> QuerySet[Submission]:
    known = Q(item=item, person=person) | Q(idempotency_key=key)
    return Submission.objects.filter(known).order_by("-version")


_KNOWN = Prepared(_known_submissions, item=int, person=int, key=uuid.UUID)


def _same_key(claim: Claim, sent: Sent, known: list[Submission]) -> Submission | None:
    """What this key stored before. Raises KeyReused when that is not the same work by the same person."""
    earlier = next((each for each in known if each.idempotency_key == sent["idempotency_key"]), None)
    if earlier is None:
        return None
    if (earlier.item_id, earlier.person_id) != (claim.item_id, claim.person_id):
        raise KeyReused
    try:
        cleaned = kinds.find(earlier.kind).validate(claim.item, sent["content"], earlier.shown)
    except kinds.InvalidContent:
        raise KeyReused from None
    if canonical_sha256(cleaned) != earlier.content_sha256:
        raise KeyReused
    earlier.study = claim.study
    return earlier


def _check_version(sent: Sent, known: list[Submission]) -> None:
    current, stored = (known[0].version, known[0].content) if known else (0, {})
    if sent.get("base_version", 0) != current:
        raise VersionConflict(yours=sent.get("base_version", 0), current=current, content=stored)


def _finish(claim: Claim, standing: Standing, sent: Sent, cleaned: dict[str, Any]) -> Submission:
    """Everything that a submission is: its row, its slot, the app's rows, the end of the draft."""
    now = timezone.now()
    seconds = bounded_seconds(
        reported=sent.get("active_seconds", 0), stored=claim.active_seconds, since=claim.heartbeat_at, now=now
    )
    if claim.state == ClaimState.EXPIRED:
        claim.slot = free_slot(claim.item)
    person = claim.person
    submission = insert_submission(
        claim,
        cleaned,
        key=sent["idempotency_key"],
        base_version=sent.get("base_version", 0),
        seconds=seconds,
        guideline=_guideline_followed(claim),
        by=person,
    )
    noted: dict[str, Any] = {"active_seconds": seconds, "heartbeat_at": now}
    if claim.state == ClaimState.SUBMITTED:
        update(Claim, noted, pk=claim.pk)
    else:
        late = claim.state == ClaimState.EXPIRED
        transition(claim, ClaimState.SUBMITTED, by=person, roles=standing.roles, slot=claim.slot, **noted)
        if late:
            note_free_slot(claim.item)
    conclude_submission(submission, by=person)
    return submission


def _guideline_followed(claim: Claim) -> int | None:
    """In force when the work was opened; a revision is made with the newest at hand."""
    return claim.study.guideline_id if claim.state == ClaimState.SUBMITTED else claim.guideline_id


def insert_submission(
    claim: Claim,
    cleaned: dict[str, Any],
    *,
    key: uuid.UUID,
    base_version: int,
    seconds: int,
    guideline: int | None,
    by: Person,
) -> Submission:
    """The row of a claim on a locked item; the study's first vote locks its protocol.

    The claim is brought to its state next, then `conclude_submission` follows, in the same transaction.
    """
    kind = kinds.find(claim.item.kind)
    submission = Submission(
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
        guideline_id=guideline,
    )
    insert([submission])
    if submission.kind == Kind.COMPARE and claim.study.protocol_locked_at is None:
        lock_protocol(claim.study, by)
    return submission


def conclude_submission(submission: Submission, *, by: Person, **more: Any) -> None:
    """The app's rows, the end of the draft, and the event, with `more` of what is known of it."""
    kinds.find(submission.kind).project(submission)
    delete(Draft, item=submission.item, person=submission.person)
    record(
        action="submission.stored",
        obj=submission,
        by=by,
        study=submission.study,
        data={
            "item": submission.item_id,
            "version": submission.version,
            "sha256": submission.content_sha256,
            "surplus": submission.is_surplus,
            **more,
        },
    )
