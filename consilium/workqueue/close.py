"""Takes work out of the queue, or makes room for another person."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.workqueue.models import ACTIVE, Round, WorkItem
from consilium.workqueue.slots import leave_slot, lock_item, note_free_slot
from consilium.workqueue.states import ClaimState


@transaction.atomic
def close_item(item: WorkItem, *, by: Person | None = None) -> WorkItem:
    """Take no more submissions on the item: active claims are withdrawn, drafts and submissions stay.

    `by` is a lead, or None for the system. Closing a closed item changes nothing.
    """
    if by is not None:
        check_lead(by, item.study)
    locked = lock_item(item.pk)
    item.is_open = False
    if not WorkItem.objects.filter(pk=item.pk, is_open=True).update(is_open=False):
        return item
    for claim in (
        locked.claims.select_related("study").select_for_update(of=("self",)).filter(state__in=ACTIVE)
    ):
        leave_slot(claim, ClaimState.WITHDRAWN, item=locked, by=by, reason="The item was closed.")
    record(action="item.closed", obj=item, by=by, study=item.study)
    return item


def close_round(*, work_round: Round, by: Person) -> Round:
    """Close every open item of a round. Raises NotAllowed unless `by` leads the study."""
    check_lead(by, work_round.study)
    for item in work_round.items.select_related("study").filter(is_open=True).order_by("pk"):
        close_item(item, by=by)
    with transaction.atomic():
        if Round.objects.filter(pk=work_round.pk, closed_at=None).update(closed_at=timezone.now()):
            record(action="round.closed", obj=work_round, by=by, study=work_round.study)
    work_round.refresh_from_db()
    return work_round


@transaction.atomic
def add_capacity(item: WorkItem, *, by: Person | None = None) -> WorkItem:
    """One more seat, e.g. for the replacement of a reader who could not judge."""
    if by is not None:
        check_lead(by, item.study)
    lock_item(item.pk)
    WorkItem.objects.filter(pk=item.pk).update(capacity=F("capacity") + 1)
    item.refresh_from_db()
    note_free_slot(item)
    record(action="item.capacity", obj=item, by=by, study=item.study, data={"capacity": item.capacity})
    return item
