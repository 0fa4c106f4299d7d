"""Frees the seats of people whose heartbeat stopped; their drafts stay."""

from functools import partial

from django.db import transaction
from django.utils import timezone

from consilium.people.models import Study
from consilium.workqueue.models import ACTIVE, Claim
from consilium.workqueue.retry import until_written
from consilium.workqueue.slots import leave_slot, lock_item
from consilium.workqueue.states import ClaimState

BATCH = 500


def expire_claims(*, study: Study | None = None) -> int:
    """Expire overdue claims of one study or of all, at most BATCH at once; returns how many."""
    overdue = Claim.objects.filter(state__in=ACTIVE, expires_at__lt=timezone.now())
    if study is not None:
        overdue = overdue.filter(study=study)
    rows = list(overdue.order_by("expires_at").values_list("pk", "item_id")[:BATCH])
    return sum(until_written(partial(_expire, *row)) for row in rows)


def sweep() -> None:
    """What the jobs room calls at every tick."""
    expire_claims()


@transaction.atomic
def _expire(claim_id: int, item_id: int) -> bool:
    item = lock_item(item_id)
    still = Claim.objects.filter(pk=claim_id, state__in=ACTIVE, expires_at__lt=timezone.now())
    claim = still.select_for_update(of=("self",)).select_related("study").first()  # a heartbeat may have won
    if claim is None:
        return False
    leave_slot(claim, ClaimState.EXPIRED, item=item, by=None)
    return True
