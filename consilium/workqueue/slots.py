"""Seats of an item: all changes lock the item's row, and the unique (item, slot) is the judge.

Lock order everywhere: item, then claim, then the audit chain. That order cannot deadlock.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from consilium.people.models import Person, Study
from consilium.states.transitions import transition
from consilium.workqueue.models import Claim, WorkItem
from consilium.workqueue.states import ClaimState


def lock_item(item_id: int) -> WorkItem:
    """The item with its row locked until the transaction ends (SQLite locks the whole database instead)."""
    return WorkItem.objects.select_for_update(no_key=True).get(pk=item_id)


def free_slot(item: WorkItem) -> int | None:
    """The lowest free seat of a locked item, or None."""
    held = item.claims.filter(slot__isnull=False).values_list("slot", flat=True)
    return next(iter(sorted(set(range(item.capacity)) - set(held))), None)


def note_free_slot(item: WorkItem) -> None:
    """Write down whether a locked item has a free seat, for the queue's index."""
    item.is_full = free_slot(item) is None
    WorkItem.objects.filter(pk=item.pk).update(is_full=item.is_full)


def leave_slot(claim: Claim, to: ClaimState, *, item: WorkItem, by: Person | None, reason: str = "") -> None:
    """End a claim without a counted submission: its seat on the locked item becomes free.

    The reason may be free text of a person: it stays on the claim and out of the audit chain.
    """
    transition(claim, to, by=by, slot=None, heartbeat_at=timezone.now())
    if reason:
        Claim.objects.filter(pk=claim.pk).update(reason=reason)
    note_free_slot(item)


def deadline(study: Study) -> dict[str, Any]:
    """Heartbeat and expiry as of now."""
    now = timezone.now()
    return {"heartbeat_at": now, "expires_at": now + timedelta(minutes=study.settings.claim_minutes)}
