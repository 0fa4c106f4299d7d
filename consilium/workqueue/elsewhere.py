"""Takes in work that a person finished in another program: the same promises as for work sent from here.

The person is a consenting member whom the item is meant for, the item is open, a slot is free, and each
person has one current submission per item. The claim says where the work was done (`taken_at` in `shown`).
"""

import uuid
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from consilium.audit.record import audited_transaction, record
from consilium.people.models import GuidelineVersion, Person
from consilium.people.permissions import Standing, check_lead, standing_of
from consilium.prepared import insert
from consilium.states.transitions import transition
from consilium.workqueue import kinds
from consilium.workqueue.kinds import Shown
from consilium.workqueue.models import Claim, Submission, WorkItem
from consilium.workqueue.refusals import NotTakenIn
from consilium.workqueue.slots import free_slot, lock_item, note_free_slot
from consilium.workqueue.states import ClaimState
from consilium.workqueue.submit import conclude_submission, insert_submission

TAKEN_AT = "taken_at"


def take_in(
    *,
    item: WorkItem,
    person: Person,
    place: str,
    content: dict[str, Any],
    shown: Callable[[WorkItem, Person], Shown],
    key: uuid.UUID,
    builds_on: Submission | None,
    guideline: GuidelineVersion | None,
    by: Person,
) -> Submission:
    """Store finished work of `person`, which the lead `by` brought from `place`, as a new version.

    `builds_on` is what was taken in of the same work before; None for the first time. `shown` says what the
    person was shown there. The time that passed there is unknown: its active seconds are 0.
    Raises NotAllowed, NotTakenIn, InvalidContent; nothing is stored then.
    """
    check_lead(by, item.study)
    with audited_transaction():
        locked = lock_item(item.pk)
        locked.study = item.study
        standing = _standing(person, locked)
        if not locked.is_open:
            raise NotTakenIn("It takes no more answers: it is decided or was closed.")
        claim = _claim(locked, standing, place, builds_on)
        if claim is None or claim.state == ClaimState.EXPIRED:
            told = {**shown(locked, person), TAKEN_AT: place}
            claim = _seated(claim, locked, person, told, guideline, by)
        claim.item, claim.study, claim.person = locked, locked.study, person
        cleaned = kinds.find(locked.kind).validate(locked, content, claim.shown)
        submission = insert_submission(
            claim,
            cleaned,
            key=key,
            base_version=builds_on.version if builds_on else 0,
            seconds=0,
            guideline=guideline.pk if guideline else None,
            by=by,
        )
        conclude_submission(submission, by=by, taken_at=place, person=person.pk)
    return submission


def _standing(person: Person, item: WorkItem) -> Standing:
    standing = standing_of(person, item.study)
    if standing is None:
        raise NotTakenIn("The reader is no active member of this study.")
    if not standing.takes_part:
        raise NotTakenIn("The reader has not agreed to take part in this study, or has withdrawn.")
    return standing


def _claim(item: WorkItem, standing: Standing, place: str, builds_on: Submission | None) -> Claim | None:
    """The person's claim that the work belongs to; None where it has to be made. Raises NotTakenIn."""
    claim = item.claims.filter(person=standing.membership.person).first()
    newest = item.submissions.filter(person=standing.membership.person).order_by("-version").first()
    if builds_on is not None:
        if claim is None or newest is None or newest.pk != builds_on.pk:
            raise NotTakenIn("The reader has changed it here meanwhile; what is stored here stays.")
        return claim
    if newest is not None or (claim is not None and claim.state != ClaimState.EXPIRED):
        raise NotTakenIn("The reader has this one here already: sent, in hand, put off or skipped.")
    if not WorkItem.objects.filter(pk=item.pk).eligible_for(standing.membership).exists():
        raise NotTakenIn("It is not meant for this reader: another role, specialty or department.")
    return claim


def _seated(
    expired: Claim | None,
    item: WorkItem,
    person: Person,
    shown: Shown,
    guideline: GuidelineVersion | None,
    by: Person,
) -> Claim:
    """A submitted claim on a free slot: a new one, or the person's own that expired unused."""
    slot = free_slot(item)
    if slot is None:
        raise NotTakenIn("It has all its answers: every place is taken.")
    now = timezone.now()
    seat: dict[str, Any] = {
        "slot": slot,
        "shown": shown,
        "guideline_id": guideline.pk if guideline else None,
        "heartbeat_at": now,
        "expires_at": now,
    }
    if expired is None:
        claim = Claim(item=item, study=item.study, person=person, state=ClaimState.SUBMITTED, **seat)
        insert([claim])
        record(
            action="claim.taken_in",
            obj=claim,
            by=by,
            study=item.study,
            data={"item": item.pk, "person": person.pk, TAKEN_AT: shown[TAKEN_AT]},
        )
    else:
        claim = expired
        claim.study = item.study
        transition(claim, ClaimState.SUBMITTED, by=by, **seat)
    note_free_slot(item)
    return claim
