"""How far the rounds of a study are."""

from dataclasses import dataclass

from django.db.models import Count, Sum

from consilium.people.models import Study
from consilium.workqueue.models import Claim, Round, WorkItem
from consilium.workqueue.states import ClaimState


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """One round: the slots that its items offer, and how many hold a counted submission."""

    round: Round
    slots: int
    done: int


def rounds_of(study: Study) -> list[RoundProgress]:
    """All rounds of the study, the newest first, in three queries however much was done."""
    items = WorkItem.objects.filter(study=study, round__isnull=False).order_by()
    slots = dict(items.values_list("round").annotate(slots=Sum("capacity")))
    held = Claim.objects.filter(study=study, state=ClaimState.SUBMITTED, slot__isnull=False).order_by()
    done = dict(held.values_list("item__round").annotate(done=Count("pk")))
    return [
        RoundProgress(one, slots.get(one.pk, 0), done.get(one.pk, 0))
        for one in Round.objects.filter(study=study)
    ]
