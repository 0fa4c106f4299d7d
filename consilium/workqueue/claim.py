"""Hands out work: one active claim per person and study, never more claims on an item than it has slots."""

import uuid

from django.db import IntegrityError, connection, transaction
from django.http import Http404
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.access import check_member
from consilium.people.models import Membership, Person, Study
from consilium.people.permissions import NotAllowed, check_takes_part
from consilium.states.transitions import StateChanged, transition
from consilium.workqueue import kinds
from consilium.workqueue.models import Claim, WorkItem, WorkItemQuerySet
from consilium.workqueue.refusals import ClaimOver, OtherWorkOpen
from consilium.workqueue.retry import until_written
from consilium.workqueue.slots import deadline, expire_claims, free_slot, note_free_slot
from consilium.workqueue.states import ClaimState

MOST_LOST_RACES = 1000
OVER = {
    ClaimState.POSTPONED: "You put this one off; it comes back at the end of your queue.",
    ClaimState.SKIPPED: "You skipped this one.",
    ClaimState.WITHDRAWN: "This one was closed before you finished it. Your draft is kept.",
}


class _LostRace(Exception):
    """Another process took the slot between choosing and claiming."""


def next_claim(*, study: Study, person: Person, kind: str) -> Claim | None:
    """The person's active claim of that kind, else a claim on the next eligible item; None: nothing is left.

    Order: work lost by expiry first, then new items by priority and shuffle, then what the person put off.
    Raises NotAllowed (no member, no consent) or OtherWorkOpen (an active claim of another kind).
    """
    membership = member_of(study, person)
    check_takes_part(person, study)
    expire_claims(study=study)
    for _ in range(MOST_LOST_RACES):
        try:
            return until_written(lambda: _claim(membership, kind))
        except (_LostRace, IntegrityError, StateChanged):
            continue
    raise RuntimeError(f"Lost {MOST_LOST_RACES} races in a row for {kind} work in {study.slug}.")


@transaction.atomic
def _claim(membership: Membership, kind: str) -> Claim | None:
    return _active(membership, kind) or _take_next(membership, kind)


def member_of(study: Study, person: Person) -> Membership:
    """The active membership. Raises NotAllowed."""
    found = Membership.objects.filter(study=study, person=person, is_active=True, person__is_active=True)
    membership = found.select_related("study", "person").first()
    if membership is None:
        raise NotAllowed("You are not a member of this study.")
    return membership


def open_claim(token: uuid.UUID | str, person: Person) -> Claim:
    """The person's claim of that token, for a screen or a call of the browser module.

    Raises Http404 for a token that is unknown or somebody else's (the same answer), ClaimOver for one that
    ended. An expired claim is returned: what was typed must not be lost.
    """
    claim = owned_claim(token, person)
    check_not_over(claim)
    return claim


def check_not_over(claim: Claim) -> None:
    """Raise ClaimOver for a claim that was put off, skipped or withdrawn."""
    if claim.state in OVER:
        raise ClaimOver(OVER[ClaimState(claim.state)])


def locked_claim(token: uuid.UUID | str, person: Person) -> Claim:
    """The person's claim of that token in any state, read once, after its item's row was locked.

    Raises Http404.
    """
    items = WorkItem.objects.select_for_update(of=("self",), no_key=True)
    items.filter(claims__token=token, claims__person=person).order_by().first()
    return owned_claim(token, person)


def owned_claim(token: uuid.UUID | str, person: Person) -> Claim:
    """The person's claim of that token in any state. Raises Http404."""
    claim = Claim.objects.select_related("item", "study", "person").filter(token=token, person=person).first()
    if claim is None:
        raise Http404("No such work.")
    check_member(person, claim.study)
    return claim


def earlier_claim(claim: Claim) -> Claim | None:
    """The person's last submitted work of the same kind that still takes changes, other than `claim`."""
    submitted = Claim.objects.filter(
        study=claim.study_id,
        person=claim.person_id,
        item__kind=claim.item.kind,
        item__is_open=True,
        state=ClaimState.SUBMITTED,
    )
    return submitted.exclude(pk=claim.pk).order_by("-heartbeat_at").first()


def _active(membership: Membership, kind: str) -> Claim | None:
    held = Claim.objects.select_related("item", "study").filter(
        study=membership.study_id, person=membership.person_id, state=ClaimState.CLAIMED
    )
    claim = held.first()
    if claim is not None and claim.item.kind != kind:
        raise OtherWorkOpen(claim)
    return claim


def _take_next(membership: Membership, kind: str) -> Claim | None:
    person = membership.person
    room = WorkItem.objects.with_free_slot().filter(kind=kind).eligible_for(membership)
    for queue in (
        room.returning_to(person, ClaimState.EXPIRED),
        room.fresh_for(person).in_queue_order(),
        room.returning_to(person, ClaimState.POSTPONED),
    ):
        item = _first(queue)
        if item is not None:
            return _take(item, membership.study, person)
    return None


def _first(queue: WorkItemQuerySet) -> WorkItem | None:
    """The first item with its row locked. A row that another process has locked is passed over, but when
    only such rows are left we wait for them: a busy queue is not an empty one."""
    if not connection.features.has_select_for_update_skip_locked:
        return queue.first()
    unlocked = queue.select_for_update(skip_locked=True, of=("self",), no_key=True).first()
    return unlocked or queue.select_for_update(of=("self",), no_key=True).first()


def _take(item: WorkItem, study: Study, person: Person) -> Claim:
    slot = free_slot(item)  # read again: the queue's snapshot may be older than the lock
    if slot is None or not item.is_open:
        raise _LostRace
    old = Claim.objects.filter(item=item, person=person).first()
    claim = _again(old, slot, person) if old else _first_time(item, study, slot, person)
    note_free_slot(item)
    if old is None:
        record(action="claim.claimed", obj=claim, by=person, study=study, data={"item": item.pk})
    return claim


def _first_time(item: WorkItem, study: Study, slot: int, person: Person) -> Claim:
    shown = kinds.find(item.kind).shown_for(item, person)
    return Claim.objects.create(
        item=item, study=study, person=person, slot=slot, shown=shown, **deadline(study)
    )


def _again(claim: Claim, slot: int, person: Person) -> Claim:
    now = timezone.now()
    transition(
        claim,
        ClaimState.CLAIMED,
        by=person,
        token=uuid.uuid4(),
        slot=slot,
        claimed_at=now,
        **deadline(claim.study),
    )
    return claim
