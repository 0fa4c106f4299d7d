"""Puts work into the queue, takes it out, and makes room for another person."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from consilium.audit.record import audited_transaction, record
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.workqueue.models import ACTIVE, Claim, Round, WorkItem
from consilium.workqueue.refusals import AlreadyOpen
from consilium.workqueue.retry import until_written
from consilium.workqueue.slots import leave_slots, lock_item, note_free_slot
from consilium.workqueue.states import ClaimState

OVERRIDES = frozenset({"specialty", "department", "priority", "capacity", "excluded"})
BATCH = 500
CLOSED_AT_ONCE = 200


@transaction.atomic
def open_items(
    *,
    study: Study,
    kind: str,
    name: str,
    objects: Sequence[tuple[int, dict[str, Any]]],
    role: str,
    capacity: int,
    by: Person | None,
) -> Round:
    """Open one item per (object id, overrides) in the round of that name, making the round when it is new.

    Overrides: specialty, department, priority, capacity, excluded (persons or their keys: they may not).
    `by` is a lead, or None when the system opens follow-up work.
    Raises NotAllowed, AlreadyOpen (nothing is opened then; also for the name of a closed round), ValueError
    for an unknown override.
    """
    if by is not None:
        check_lead(by, study)
    _refuse_known(kind, [object_id for object_id, _ in objects])
    work_round, _ = Round.objects.get_or_create(study=study, kind=kind, name=name)
    if by is not None:
        lock_open_round(work_round)
    items = [
        _item(work_round, object_id, overrides, role=role, capacity=capacity)
        for object_id, overrides in objects
    ]
    WorkItem.objects.bulk_create(items, batch_size=BATCH)
    _exclude(items, [overrides.get("excluded", ()) for _, overrides in objects])
    record(
        action="round.opened", obj=work_round, by=by, study=study, data={"kind": kind, "items": len(items)}
    )
    return work_round


@transaction.atomic
def reserve_round(*, study: Study, kind: str, name: str, by: Person) -> Round | None:
    """A new round without items, whose name nobody else can take; None when the study has it already.

    For work that is opened in parts: `open_items` with the same name adds to it. Raises NotAllowed.
    """
    check_lead(by, study)
    work_round, is_new = Round.objects.get_or_create(study=study, kind=kind, name=name)
    if not is_new:
        return None
    record(action="round.reserved", obj=work_round, by=by, study=study, data={"kind": kind})
    return work_round


def lock_open_round(work_round: Round) -> None:
    """Keep the round from being closed until commit. Raises AlreadyOpen when it is closed."""
    # Without the key: readers' rows that point to the round do not wait.
    locked = Round.objects.select_for_update(no_key=True).get(pk=work_round.pk)
    if locked.closed_at is not None:
        raise AlreadyOpen(f"The round {work_round.name!r} is closed; give the new one another name.")


def shuffle_of(seed: int, kind: str, object_id: int) -> int:
    """Place of an object inside one priority: 31 bits that depend on the study's seed only."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{kind}:{object_id}".encode()).digest()[:4], "big") >> 1


def _item(
    work_round: Round, object_id: int, overrides: dict[str, Any], *, role: str, capacity: int
) -> WorkItem:
    if unknown := set(overrides) - OVERRIDES:
        raise ValueError(f"Work items have no {', '.join(sorted(unknown))}.")
    study, kind = work_round.study, work_round.kind
    fields = {
        "capacity": capacity,
        **{name: value for name, value in overrides.items() if name != "excluded"},
    }
    shuffle = shuffle_of(study.settings.seed, kind, object_id)
    return WorkItem(
        study=study, round=work_round, kind=kind, object_id=object_id, role=role, shuffle=shuffle, **fields
    )


def _refuse_known(kind: str, object_ids: list[int]) -> None:
    known: set[int] = set()
    for start in range(0, len(object_ids), BATCH):
        part = object_ids[start : start + BATCH]
        known |= set(
            WorkItem.objects.filter(kind=kind, object_id__in=part).values_list("object_id", flat=True)
        )
    if known:
        shown = ", ".join(str(object_id) for object_id in sorted(known)[:5])
        raise AlreadyOpen(f"{len(known)} of these are open for this work already (numbers {shown}).")


def _exclude(items: Iterable[WorkItem], persons: Iterable[Iterable[Person | int]]) -> None:
    through = WorkItem.excluded.through
    rows = [
        through(workitem_id=item.pk, person_id=person_id)
        for item, excluded in zip(items, persons, strict=True)
        for person_id in {person.pk if isinstance(person, Person) else person for person in excluded}
    ]
    through._default_manager.bulk_create(rows, batch_size=BATCH)


@transaction.atomic
def close_item(item: WorkItem, *, by: Person | None = None) -> WorkItem:
    """Take no more submissions on the item: active claims are withdrawn, drafts and submissions stay.

    `by` is a lead, or None for the system. Closing a closed item changes nothing.
    """
    if by is not None:
        check_lead(by, item.study)
    locked = lock_item(item.pk)
    item.is_open = False
    if locked.is_open:
        _close([locked], item.study, by)
    return item


def close_round(*, work_round: Round, by: Person) -> Round:
    """Close every open item of a round, so many at once that readers hardly wait. Raises NotAllowed.

    Interrupted, it leaves a round that is closed in part and open by name: closing it again goes on.
    """
    check_lead(by, work_round.study)
    _close_items(work_round, by)
    with transaction.atomic():
        if Round.objects.filter(pk=work_round.pk, closed_at=None).update(closed_at=timezone.now()):
            record(action="round.closed", obj=work_round, by=by, study=work_round.study)
    _close_items(work_round, by)  # what a job opened in it meanwhile; from now on it opens no more
    work_round.refresh_from_db()
    return work_round


def _close_items(work_round: Round, by: Person) -> None:
    while until_written(partial(_close_part, work_round, by)):
        pass


def _close_part(work_round: Round, by: Person) -> bool:
    with audited_transaction():
        still_open = work_round.items.filter(is_open=True).order_by("pk")
        items = list(still_open.select_for_update(of=("self",), no_key=True)[:CLOSED_AT_ONCE])
        _close(items, work_round.study, by)
        return bool(items)


def _close(items: Sequence[WorkItem], study: Study, by: Person | None) -> None:
    """Close locked, open items of a study."""
    keys = [item.pk for item in items]
    WorkItem.objects.filter(pk__in=keys).update(is_open=False)
    held = Claim.objects.filter(item__in=keys).order_by("pk").select_for_update(of=("self",))
    for state in ACTIVE:
        claims = list(held.filter(state=state))
        for claim in claims:
            claim.study = study
        leave_slots(claims, ClaimState.WITHDRAWN, by=by, reason="The item was closed.")
    for item in items:
        record(action="item.closed", obj=item, by=by, study=study)


@transaction.atomic
def add_capacity(item: WorkItem, *, by: Person | None = None) -> WorkItem:
    """One more slot, e.g. for the replacement of a reader who could not judge."""
    if by is not None:
        check_lead(by, item.study)
    lock_item(item.pk)
    WorkItem.objects.filter(pk=item.pk).update(capacity=F("capacity") + 1)
    item.refresh_from_db()
    note_free_slot(item)
    record(action="item.capacity", obj=item, by=by, study=item.study, data={"capacity": item.capacity})
    return item
