"""The next piece is there before it is asked for: claims kept ready while a person is at another one.

Up to `prefetch` of the study's settings. They sit on slots like every claim, and lose them to whoever would
otherwise be told that nothing is left, by expiry, or when the person stops for the day.
"""

from itertools import dropwhile

from django.db.models import QuerySet

from consilium.audit.record import audited_transaction
from consilium.people.permissions import Standing
from consilium.prepared import Prepared
from consilium.workqueue import hold
from consilium.workqueue.claim import keep_ready, line_of
from consilium.workqueue.models import ACTIVE, Claim
from consilium.workqueue.retry import until_written
from consilium.workqueue.states import ClaimState


def claim_ahead(claim: Claim, standing: Standing) -> Claim | None:
    """The claim that follows one of the person with that standing, kept ready from now on.

    None: the settings allow no more, no new item is left at once, or the claim itself is over. Asking again
    gives the same claim.
    """
    most = claim.study.settings.prefetch
    if claim.state not in ACTIVE or not standing.takes_part or not most:
        return None
    following = _known(claim) or until_written(lambda: _kept(claim, standing, most))
    if following is not None:
        following.study, following.person = claim.study, claim.person
        following.item.study = claim.study
    return following


def _known(claim: Claim) -> Claim | None:
    """The next one in line, where it is kept ready already."""
    return next(iter(_rest_of_line(claim)[1:]), None)


def _rest_of_line(claim: Claim) -> list[Claim]:
    """The claim and those that follow it; empty where the person has none of the kind in hand."""
    line = line_of(claim.study_id, claim.person_id, claim.item.kind)
    if not line or line[0].state != ClaimState.CLAIMED:
        return []
    return list(dropwhile(lambda each: each.pk != claim.pk, line))


def _kept(claim: Claim, standing: Standing, most: int) -> Claim | None:
    with audited_transaction():
        # Two tabs: the claim in hand is what they take turns on.
        _IN_HAND(study=claim.study_id, person=claim.person_id)
        rest = _rest_of_line(claim)
        if len(rest) != 1:  # gone, or kept ready by the other tab
            return next(iter(rest[1:]), None)
        ready = hold.kept_ready(claim).count()
        return keep_ready(standing, claim.item.kind) if ready < most else None


def _in_hand(study: int, person: int) -> QuerySet[Claim]:
    mine = Claim.objects.filter(study=study, person=person, state=ClaimState.CLAIMED)
    return mine.select_for_update(of=("self",), no_key=True)


_IN_HAND = Prepared(_in_hand, study=int, person=int)
