"""How far the rounds of a study are."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from consilium.people.models import Study
from consilium.workqueue.models import Claim, WorkItem
from consilium.workqueue.states import ClaimState


@dataclass(frozen=True, slots=True)
class RoundCounts:
    """One round: its items, those that are open, the slots they offer, how many hold a counted submission."""

    items: int
    open_items: int
    slots: int
    done: int


EMPTY = RoundCounts(items=0, open_items=0, slots=0, done=0)


def counts_of_rounds(study: Study, only: Collection[int] | None = None) -> dict[int, RoundCounts]:
    """By the round's key, those that have items; `only` some of the study's. Two queries that read each of
    their items and claims.
    """
    items = WorkItem.objects.filter(study=study, round__isnull=False).order_by()
    held = Claim.objects.filter(study=study, state=ClaimState.SUBMITTED, slot__isnull=False).order_by()
    if only is not None:
        items, held = items.filter(round__in=only), held.filter(item__round__in=only)
    done = dict(held.values_list("item__round").annotate(done=Count("pk")))
    counted = items.values_list("round").annotate(
        items=Count("pk"), still_open=Count("pk", filter=Q(is_open=True)), slots=Sum("capacity")
    )
    return {
        key: RoundCounts(number, still_open, slots, done.get(key, 0))
        for key, number, still_open, slots in counted
    }
