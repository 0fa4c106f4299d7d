"""Hands out work: one claim in hand per person and study, never more claims on an item than it has slots."""

import uuid
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from consilium.audit.record import audited_transaction, record
from consilium.people.models import Membership, Person, Study
from consilium.people.permissions import NoConsent, NotAllowed, Standing, standing_of
from consilium.prepared import Prepared, insert, update
from consilium.states.transitions import StateChanged, transition
from consilium.workqueue import kinds
from consilium.workqueue.models import ACTIVE, COMES_BACK, Claim, WorkItem, WorkItemQuerySet
from consilium.workqueue.refusals import ClaimOver, NotOpened, OtherWorkOpen
from consilium.workqueue.retry import until_written
from consilium.workqueue.slots import deadline, expire_claims, leave_slot
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

    Order: work lost by expiry first, then what was kept ready for the person, then new items by priority and
    shuffle, then what the person put off, then what is only kept ready for somebody else.
    Raises NotAllowed (no member, no consent) or OtherWorkOpen (an active claim of another kind).
    """
    standing = _member(study, person)
    if not standing.takes_part:
        raise NoConsent
    expire_claims(study=study)
    for _ in range(MOST_LOST_RACES):
        try:
            return until_written(lambda: _claim(standing, kind))
        except (_LostRace, IntegrityError, StateChanged):
            continue
    raise RuntimeError(f"Lost {MOST_LOST_RACES} races in a row for {kind} work in {study.slug}.")


def _claim(standing: Standing, kind: str) -> Claim | None:
    with audited_transaction():
        return _active_or_next(standing, kind)


def claim_at_once(standing: Standing, kind: str) -> Claim | None:
    """The same inside the caller's transaction, which is not harmed and waits for nobody.

    None where the next item must be looked for apart: nothing is left, or others hold the rows.
    """
    return _at_once(lambda: _active_or_next(standing, kind, waits=False))


def keep_ready(standing: Standing, kind: str) -> Claim | None:
    """A claim on the first new item for a person who is at another one: prefetched, not yet opened.

    In the caller's transaction, as `claim_at_once`. None where none is left or others hold the rows.
    """

    def take() -> Claim | None:
        item = _first_fresh(standing.membership, kind, waits=False)
        return _take(item, standing, ClaimState.ASSIGNED) if item else None

    return _at_once(take)


def _at_once(take: Callable[[], Claim | None]) -> Claim | None:
    try:
        with transaction.atomic():
            return take()
    except (_LostRace, DatabaseError, StateChanged, OtherWorkOpen):
        return None


def _member(study: Study, person: Person) -> Standing:
    standing = standing_of(person, study)
    if standing is None:
        raise NotAllowed("You are not a member of this study.")
    return standing


def member_of(study: Study, person: Person) -> Membership:
    """The active membership. Raises NotAllowed."""
    return _member(study, person).membership


def open_claim(token: uuid.UUID | str, person: Person) -> Claim:
    """The person's claim of that token, for a screen or a call of the browser module.

    Raises Http404 for a token that is unknown or somebody else's (the same answer), ClaimOver for one that
    ended, NotOpened for one that is only kept ready. An expired claim is returned: what was typed must not be
    lost.
    """
    return open_work(token, person)[0]


def open_work(token: uuid.UUID | str, person: Person) -> tuple[Claim, Standing]:
    """The same with the person's standing in the claim's study."""
    claim, standing = owned_work(token, person)
    check_in_hand(claim)
    return claim, standing


def check_in_hand(claim: Claim) -> None:
    """Raise ClaimOver for a claim that was put off, skipped or withdrawn, NotOpened for a prefetched one."""
    if claim.state == ClaimState.ASSIGNED:
        raise NotOpened
    if claim.state in OVER:
        raise ClaimOver(OVER[ClaimState(claim.state)])


def locked_claim(token: uuid.UUID | str, person: Person) -> Claim:
    """The person's claim of that token in any state, read once, after its item's row was locked.

    Raises Http404.
    """
    return locked_work(token, person)[0]


def locked_work(token: uuid.UUID | str, person: Person) -> tuple[Claim, Standing]:
    """The same with the person's standing in its study."""
    if connection.features.has_select_for_update:
        _LOCKED_ITEM(token=_uuid(token), person=person.pk)
    return owned_work(token, person)


def _locked_item(token: uuid.UUID, person: int) -> QuerySet[WorkItem]:
    items = WorkItem.objects.select_for_update(of=("self",), no_key=True)
    return items.filter(claims__token=token, claims__person=person)


_LOCKED_ITEM = Prepared(_locked_item, token=uuid.UUID, person=int)


def _owned(token: uuid.UUID, person: int) -> QuerySet[Claim]:
    return Claim.objects.filter(token=token, person=person).select_related("item", "study")


_OWNED = Prepared(_owned, token=uuid.UUID, person=int)


def _uuid(token: uuid.UUID | str) -> uuid.UUID:
    try:
        return token if isinstance(token, uuid.UUID) else uuid.UUID(token)
    except ValueError:
        raise Http404("No such work.") from None


def owned_work(token: uuid.UUID | str, person: Person) -> tuple[Claim, Standing]:
    """The person's claim of that token in any state, and their standing in its study. Raises Http404."""
    claim = _OWNED.first(token=_uuid(token), person=person.pk)
    if claim is None:
        raise Http404("No such work.")
    standing = standing_of(person, claim.study)
    if standing is None:
        raise Http404("Not found.")
    claim.person = person
    claim.item.study = claim.study
    return claim, standing


def earlier_claim(claim: Claim) -> Claim | None:
    """The person's last submitted work of the same kind that still takes changes, other than `claim`.

    For one that is kept ready: the one that is submitted before it is opened.
    """
    if line := line_before(claim):
        return line[-1]
    last = _LAST_SUBMITTED(study=claim.study_id, person=claim.person_id, kind=claim.item.kind)
    return next((each for each in last if each.pk != claim.pk), None)


def _last_submitted(study: int, person: int, kind: str) -> QuerySet[Claim]:
    submitted = Claim.objects.filter(
        study=study, person=person, item__kind=kind, item__is_open=True, state=ClaimState.SUBMITTED
    )
    return submitted.order_by("-heartbeat_at", "-pk")[:2]


_LAST_SUBMITTED = Prepared(_last_submitted, study=int, person=int, kind=str)


def line_before(claim: Claim) -> list[Claim]:
    """What the person finishes before a claim that is kept ready; nothing for one in hand."""
    if claim.state != ClaimState.ASSIGNED:
        return []
    line = line_of(claim.study_id, claim.person_id, claim.item.kind)
    return [each for each in line if each.state == ClaimState.CLAIMED or each.pk < claim.pk]


def line_of(study: int, person: int, kind: str) -> list[Claim]:
    """The person's claim of that kind in hand, then those kept ready in the order in which they come."""
    line = _LINE(study=study, person=person, kind=kind)
    return sorted(line, key=lambda claim: (claim.state != ClaimState.CLAIMED, claim.pk))


def _line(study: int, person: int, kind: str) -> QuerySet[Claim]:
    line = Claim.objects.filter(study=study, person=person, item__kind=kind, state__in=ACTIVE)
    return line.select_related("item")


_LINE = Prepared(_line, study=int, person=int, kind=str)


def _active_or_next(standing: Standing, kind: str, *, waits: bool = True) -> Claim | None:
    member = standing.membership
    claims = _HELD(study=member.study_id, person=member.person_id)
    for claim in claims:
        claim.study, claim.person = member.study, member.person
        if claim.state == ClaimState.CLAIMED:
            if claim.item.kind != kind:
                raise OtherWorkOpen(claim)
            return claim
    return _take_next(standing, kind, claims, waits=waits)


def _held(study: int, person: int) -> QuerySet[Claim]:
    states = (*ACTIVE, *COMES_BACK)
    held = Claim.objects.filter(study=study, person=person, state__in=states)
    return held.select_related("item").order_by("heartbeat_at", "pk")


_HELD = Prepared(_held, study=int, person=int)


def _take_next(standing: Standing, kind: str, held: Sequence[Claim], *, waits: bool) -> Claim | None:
    """A claim on the first item that can be taken; `held` are the claims that may come back or are ready."""
    lost = [claim.item_id for claim in held if claim.state == ClaimState.EXPIRED]
    put_off = [claim.item_id for claim in held if claim.state == ClaimState.POSTPONED]
    ready = [claim for claim in held if claim.state == ClaimState.ASSIGNED and claim.item.kind == kind]
    item = _first_returning(standing, kind, lost, waits=waits)
    if item is None and ready:
        return _open_ready(min(ready, key=lambda claim: claim.pk), standing, waits=waits)
    item = item or _first_fresh(standing.membership, kind, waits=waits)
    if item is None and waits:  # else others may hold the rows of new ones for a moment
        item = _first_returning(standing, kind, put_off, waits=waits) or _first_kept(standing, kind)
    return _take(item, standing) if item else None


def _open_ready(claim: Claim, standing: Standing, *, waits: bool) -> Claim:
    """Take a prefetched claim in hand. A lead who closes its item, or who needs it now, may come first."""
    if not waits and connection.features.has_select_for_update_skip_locked:
        still = Claim.objects.filter(pk=claim.pk, state=ClaimState.ASSIGNED)
        if not still.select_for_update(of=("self",), no_key=True, skip_locked=True).exists():
            raise _LostRace
    claim.item.study = claim.study
    transition(
        claim,
        ClaimState.CLAIMED,
        by=standing.membership.person,
        roles=standing.roles,
        **_opened_in(claim.study),
    )
    return claim


def kept_for_others(membership: Membership, names: Sequence[str]) -> WorkItemQuerySet:
    """Items of these kinds that the person may take from somebody for whom they are only kept ready."""
    # Read first: they are few, and a database that starts at the items looks at all of them.
    kept = [claim.item_id for claim in _KEPT(study=membership.study_id)]
    if not kept:
        return WorkItem.objects.none()
    items = WorkItem.objects.filter(pk__in=kept, kind__in=names, is_open=True).eligible_for(membership)
    return items.waiting_for(membership.person)


_KEPT = Prepared(lambda study: Claim.objects.filter(study=study, state=ClaimState.ASSIGNED), study=int)


def _first_kept(standing: Standing, kind: str) -> WorkItem | None:
    """The first item with a slot that is only kept ready for somebody else, who loses it to who asks now."""
    queue = kept_for_others(standing.membership, [kind]).in_queue_order()[:1]
    item = _locked(lambda lock: next(iter(queue.select_for_update(**lock)), None), waits=True)
    if item is None:
        return None
    ready = item.claims.filter(state=ClaimState.ASSIGNED).select_for_update(of=("self",), no_key=True)
    claim = ready.select_related("study").order_by("claimed_at", "pk").first()
    if claim is None:  # opened meanwhile
        raise _LostRace
    leave_slot(claim, ClaimState.EXPIRED, item=item, by=None)
    return item


def _first_returning(standing: Standing, kind: str, item_ids: list[int], *, waits: bool) -> WorkItem | None:
    if not item_ids:
        return None
    room = WorkItem.objects.with_free_slot().filter(kind=kind).eligible_for(standing.membership)
    queue = room.returning_to(standing.membership.person, item_ids)[:1]
    return _locked(lambda lock: next(iter(queue.select_for_update(**lock)), None), waits=waits)


def _first_fresh(member: Membership, kind: str, *, waits: bool) -> WorkItem | None:
    departments = {f"department_{place}": name for place, name in enumerate(member.departments)}
    values = {
        "study": member.study_id,
        "person": member.person_id,
        "kind": kind,
        "role": member.role,
        "specialty": member.specialty,
        **departments,
    }
    return _locked(lambda lock: _fresh(tuple(departments), **lock).first(**values), waits=waits)


def _locked(first: Callable[[dict[str, Any]], WorkItem | None], *, waits: bool) -> WorkItem | None:
    """The first item with its row locked. A row that another process has locked is passed over, but when
    only such rows are left and the caller waits, we wait for them: a busy queue is not an empty one."""
    mine = {"of": ("self",), "no_key": True}
    if not connection.features.has_select_for_update_skip_locked:
        return first(mine)
    unlocked = first({"skip_locked": True, **mine})
    return unlocked if unlocked is not None or not waits else first(mine)


@cache
def _fresh(departments: tuple[str, ...], **lock: Any) -> Prepared[WorkItem]:
    """The first item of the queue that the person never held; one statement per number of departments."""

    def build(**given: Any) -> QuerySet[WorkItem]:
        room = WorkItem.objects.with_free_slot().filter(kind=given["kind"])
        eligible = room.eligible(
            study_id=given["study"],
            person_id=given["person"],
            role=given["role"],
            specialty=given["specialty"],
            departments=[given[name] for name in departments],
        )
        queue = eligible.fresh_for(given["person"]).in_queue_order()
        return queue.select_for_update(**lock)[:1]

    words = dict.fromkeys(("kind", "role", "specialty", *departments), str)
    return Prepared(build, study=int, person=int, **words)


def _take(item: WorkItem, standing: Standing, to: ClaimState = ClaimState.CLAIMED) -> Claim:
    study, person = standing.membership.study, standing.membership.person
    item.study = study
    # Read again: the queue's snapshot may be older than the lock.
    around = _AROUND(item=item.pk)
    held = {claim.slot for claim in around if claim.slot is not None}
    slot = next((number for number in range(item.capacity) if number not in held), None)
    if slot is None or not item.is_open:
        raise _LostRace
    old = next((claim for claim in around if claim.person_id == person.pk), None)
    if old is not None and old.state not in COMES_BACK:  # finished in another tab meanwhile
        raise _LostRace
    if old is None:
        shown = kinds.find(item.kind).shown_for(item, person, [claim.shown for claim in around])
        claim = _first_time(item, standing, slot, state=to, shown=shown)
    else:
        claim = _again(old, slot, standing)
    if len(held) + 1 == item.capacity:
        update(WorkItem, {"is_full": True}, pk=item.pk)
    claim.item, claim.study, claim.person = item, study, person
    return claim


_AROUND = Prepared(lambda item: Claim.objects.filter(item=item), item=int)


def _opened_in(study: Study) -> dict[str, Any]:
    """What a claim notes when it is opened or kept ready now."""
    return {"claimed_at": timezone.now(), "guideline_id": study.guideline_id, **deadline(study)}


def _first_time(item: WorkItem, standing: Standing, slot: int, **fields: Any) -> Claim:
    study, person = standing.membership.study, standing.membership.person
    claim = Claim(item=item, study=study, person=person, slot=slot, **fields, **_opened_in(study))
    insert([claim])
    claim.is_new = True
    record(action=f"claim.{claim.state}", obj=claim, by=person, study=study, data={"item": item.pk})
    return claim


def _again(claim: Claim, slot: int, standing: Standing) -> Claim:
    claim.study = standing.membership.study
    transition(
        claim,
        ClaimState.CLAIMED,
        by=standing.membership.person,
        roles=standing.roles,
        token=uuid.uuid4(),
        slot=slot,
        **_opened_in(claim.study),
    )
    return claim
