"""Leaves a case out, with a reason: no more work on it, and no row in any later release."""

from django.db import transaction

from annotation.models import Case
from annotation.states import CaseState
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.refusals import ReasonMissing
from consilium.states.transitions import transition
from consilium.workqueue.models import Kind, WorkItem
from consilium.workqueue.open import close_item
from consilium.workqueue.slots import lock_item

REASON_LENGTH = 200


@transaction.atomic
def exclude(*, case: Case, reason: str, by: Person) -> Case:
    """Exclude a case for good; its votes stay.

    Raises NotAllowed, ReasonMissing, TransitionRefused, StateChanged.
    """
    check_lead(by, case.study)
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        raise ReasonMissing(f"Say in 1 to {REASON_LENGTH} characters why the case is left out.")
    kinds = (Kind.COMPARE, Kind.ADJUDICATE)
    items = WorkItem.objects.filter(kind__in=kinds, object_id=case.pk).order_by("pk")
    locked = [lock_item(pk) for pk in items.values_list("pk", flat=True)]
    case.refresh_from_db()
    transition(case, CaseState.EXCLUDED, by=by, reason=reason, excluded_reason=reason)
    for item in locked:
        close_item(item)
    return case
