"""What becomes of a claim besides submitting: kept alive, put off, refused."""

import uuid
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from consilium.people.models import Person
from consilium.refusals import ReasonMissing
from consilium.workqueue.claim import locked_claim, open_claim
from consilium.workqueue.models import Claim
from consilium.workqueue.refusals import ClaimOver, NotOpened
from consilium.workqueue.retry import until_written
from consilium.workqueue.slots import deadline, expire_if, leave_slot
from consilium.workqueue.states import ClaimState

REASON_LENGTH = 300
OPEN = (ClaimState.CLAIMED, ClaimState.EXPIRED)


def heartbeat(*, token: uuid.UUID | str, person: Person, active_seconds: int) -> Claim:
    """Say that the person is still there: moves the expiry and stores the active time.

    What is kept ready for the person stays so as long. A claim that expired meanwhile stays expired
    (submitting takes a slot again). Raises Http404, NotOpened or ClaimOver.
    """
    claim = open_claim(token, person)
    now = timezone.now()
    seconds = bounded_seconds(
        reported=active_seconds, stored=claim.active_seconds, since=claim.heartbeat_at, now=now
    )
    alive = Claim.objects.filter(pk=claim.pk, token=claim.token, state=claim.state)
    fields = deadline(claim.study) if claim.state == ClaimState.CLAIMED else {"heartbeat_at": now}
    if alive.update(active_seconds=seconds, **fields):
        if claim.state == ClaimState.CLAIMED and claim.study.settings.prefetch:
            kept_ready(claim).update(**fields)
        claim.active_seconds = seconds
        return claim
    return open_claim(token, person)


def postpone(*, token: uuid.UUID | str, person: Person) -> Claim:
    """Put the item off: the slot becomes free, the draft stays, the item comes back last.

    Saying it twice changes nothing. Raises Http404, or ClaimOver when it is submitted or over otherwise.
    """
    return until_written(lambda: _give_up(token, person, ClaimState.POSTPONED, ""))


def skip(*, token: uuid.UUID | str, person: Person, reason: str) -> Claim:
    """Refuse the item for good. Raises ReasonMissing, Http404 or ClaimOver."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        raise ReasonMissing(f"Say in 1 to {REASON_LENGTH} characters why you skip this one.")
    return until_written(lambda: _give_up(token, person, ClaimState.SKIPPED, reason))


@transaction.atomic
def _give_up(token: uuid.UUID | str, person: Person, to: ClaimState, reason: str) -> Claim:
    claim = locked_claim(token, person)
    if claim.state == to:
        return claim
    if claim.state == ClaimState.ASSIGNED:
        raise NotOpened
    if claim.state not in OPEN:
        raise ClaimOver("This one is finished already, so it cannot be given back.")
    leave_slot(claim, to, item=claim.item, by=person, reason=reason)
    return claim


def kept_ready(claim: Claim) -> QuerySet[Claim]:
    """What is kept ready in the claim's study for its person."""
    return Claim.objects.filter(study=claim.study_id, person=claim.person_id, state=ClaimState.ASSIGNED)


def release_ready(claim: Claim) -> None:
    """Give the slots of what is kept ready to others: the person stops for now."""
    ready = kept_ready(claim)
    for row in ready.values_list("pk", "item_id"):
        until_written(partial(expire_if, ready, *row))


def bounded_seconds(*, reported: int, stored: int, since: datetime, now: datetime) -> int:
    """Active seconds to store: never less than before, never growing faster than the wall clock.

    `stored` was true at `since` (the last heartbeat); `reported` counts from the first sitting on.
    """
    elapsed = max(0, int((now - since).total_seconds()))
    return max(stored, min(reported, stored + elapsed))
