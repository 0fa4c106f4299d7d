"""Slots of an item: all changes lock the item's row, and the unique (item, slot) is the judge.

Lock order everywhere: item, then claim, then the audit chain. That order cannot deadlock.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from consilium.people.models import Person, Study
from consilium.prepared import Prepared
from consilium.states.transitions import transition, transition_all
from consilium.workqueue.models import ACTIVE, Claim, WorkItem
from consilium.workqueue.retry import until_written
from consilium.workqueue.states import ClaimState

BATCH = 500


def lock_item(item_id: int) -> WorkItem:
    """The item with its row locked until the transaction ends (SQLite locks the whole database instead)."""
    return WorkItem.objects.select_for_update(no_key=True).get(pk=item_id)


def free_slot(item: WorkItem) -> int | None:
    """The lowest free slot of a locked item, or None."""
    held = item.claims.filter(slot__isnull=False).values_list("slot", flat=True)
    return next(iter(sorted(set(range(item.capacity)) - set(held))), None)


def finished_slots(item: WorkItem) -> int:
    """How many slots hold a submission: as many as the item has counted submissions."""
    return _FINISHED.count(item=item.pk)


def _finished(item: int) -> QuerySet[Claim]:
    held = Claim.objects.filter(item=item, slot__isnull=False, state=ClaimState.SUBMITTED)
    return held.only("pk")


_FINISHED = Prepared(_finished, item=int)


def note_free_slot(item: WorkItem) -> None:
    """Write down whether a locked item has a free slot, for the queue's index."""
    item.is_full = free_slot(item) is None
    WorkItem.objects.filter(pk=item.pk).update(is_full=item.is_full)


def leave_slot(claim: Claim, to: ClaimState, *, item: WorkItem, by: Person | None, reason: str = "") -> None:
    """End a claim without a counted submission: its slot on the locked item becomes free.

    The reason may be free text of a person: it stays on the claim and out of the audit chain.
    """
    transition(claim, to, by=by, slot=None, heartbeat_at=timezone.now())
    if reason:
        Claim.objects.filter(pk=claim.pk).update(reason=reason)
    note_free_slot(item)


def leave_slots(claims: Sequence[Claim], to: ClaimState, *, by: Person | None, reason: str = "") -> None:
    """The same for claims of one state and one study, on locked items."""
    if not claims:
        return
    transition_all(claims, to, by=by, slot=None, heartbeat_at=timezone.now())
    if reason:
        Claim.objects.filter(pk__in=[claim.pk for claim in claims]).update(reason=reason)
    WorkItem.objects.filter(pk__in=[claim.item_id for claim in claims]).update(is_full=False)


def deadline(study: Study) -> dict[str, Any]:
    """Heartbeat and expiry as of now."""
    now = timezone.now()
    return {"heartbeat_at": now, "expires_at": now + timedelta(minutes=study.settings.claim_minutes)}


def expire_claims(*, study: Study | None = None) -> int:
    """Expire overdue claims of one study or of all, at most BATCH at once; returns how many."""
    overdue = Claim.objects.filter(state__in=ACTIVE, expires_at__lt=timezone.now())
    if study is not None:
        overdue = overdue.filter(study=study)
    rows = list(overdue.order_by("expires_at").values_list("pk", "item_id")[:BATCH])
    return sum(until_written(partial(expire_if, overdue, *row)) for row in rows)


def sweep() -> None:
    """What the jobs room calls at every tick."""
    expire_claims()


@transaction.atomic
def expire_if(still: QuerySet[Claim], claim_id: int, item_id: int) -> bool:
    """Expire a claim that is still among these once its item is locked; whether it was."""
    item = lock_item(item_id)
    # A heartbeat, or another tab, may have won.
    claim = still.filter(pk=claim_id).select_for_update(of=("self",)).select_related("study").first()
    if claim is None:
        return False
    leave_slot(claim, ClaimState.EXPIRED, item=item, by=None)
    return True
