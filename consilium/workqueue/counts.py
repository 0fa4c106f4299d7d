"""What a person sees about their own work: counts of today and what waits. Nobody else's figures."""

import time
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from consilium.people.models import Membership
from consilium.prepared import Prepared
from consilium.workqueue import kinds
from consilium.workqueue.claim import line_before
from consilium.workqueue.models import Claim, Submission, WorkItem
from consilium.workqueue.states import ClaimState

MOST_COUNTED = 1000
REMEMBERED_SECONDS = 60
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class KindCount:
    """One kind of work for one person. `waiting` stops at MOST_COUNTED (`more` says so)."""

    name: str
    label: str
    waiting: int
    more: bool
    postponed: int
    done: int
    claim: Claim | None

    @property
    def waiting_shown(self) -> str:
        """The number of waiting items as text."""
        return f"{MOST_COUNTED}+" if self.more else str(self.waiting)


@dataclass(frozen=True, slots=True)
class Today:
    """A person's day in one study; `median_seconds` is None where no active time was measured."""

    done: int
    of: int
    more: bool
    median_seconds: int | None

    @property
    def unit(self) -> str:
        """What stands behind the number done: "of 40"."""
        return f"of {self.of}{'+' if self.more else ''}"

    @property
    def median_shown(self) -> str:
        """Minutes and seconds, e.g. "2:10"."""
        if self.median_seconds is None:
            return "not measured" if self.done else "none yet"
        return f"{self.median_seconds // 60}:{self.median_seconds % 60:02d}"


def counts_of(membership: Membership) -> list[KindCount]:
    """One entry per kind of work that the person has, had or may take."""
    active = _active(membership)
    counts = [_count(membership, kind, active) for kind in kinds.known().values()]
    return [count for count in counts if count.waiting or count.done or count.claim]


def count_of(membership: Membership, kind: str) -> KindCount:
    """The entry of one kind."""
    return _count(membership, kinds.find(kind), _active(membership))


def today_of(membership: Membership, counts: list[KindCount]) -> Today:
    """What the person finished since midnight, and the median of the active time where there is any."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    first = Submission.objects.filter(study=membership.study, person=membership.person, version=1)
    seconds = list(first.filter(submitted_at__gte=midnight).values_list("active_seconds", flat=True))
    measured = [each for each in seconds if each]
    waiting = sum(count.waiting + (count.claim is not None) for count in counts)
    return Today(
        done=len(seconds),
        of=len(seconds) + waiting,
        more=any(count.more for count in counts),
        median_seconds=round(median(measured)) if measured else None,
    )


def today_at_work(membership: Membership, claim: Claim) -> Today:
    """What the person finished today, for the screen of a piece of work; no median.

    On one that is kept ready, what is finished before it is opened counts as done.

    How much waits is counted at most once in REMEMBERED_SECONDS for each person: what was finished since then
    is taken off it, what others took or a lead opened shows a little later.
    """
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    done = _FINISHED_SINCE.count(study=membership.study_id, person=membership.person_id, since=midnight)
    key = (membership.study_id, membership.person_id, claim.item.kind)
    known = _remembered.get(key)
    if known is None or known.until < time.monotonic() or known.today.of < done:
        count = count_of(membership, claim.item.kind)
        today = Today(done, done + count.waiting + (count.claim is not None), count.more, None)
        _remember(key, today)
    else:
        today = known.today
    return replace(today, done=done + len(line_before(claim)))


@dataclass(frozen=True, slots=True)
class _Known:
    today: Today
    until: float


_remembered: dict[tuple[int, int, str], _Known] = {}


def _remember(key: tuple[int, int, str], today: Today) -> None:
    if len(_remembered) >= MOST_REMEMBERED:
        forget()
    _remembered[key] = _Known(today, time.monotonic() + REMEMBERED_SECONDS)


def forget() -> None:
    """Have everything counted anew."""
    _remembered.clear()


def _finished_since(study: int, person: int, since: datetime) -> "QuerySet[Submission]":
    first = Submission.objects.filter(study=study, person=person, version=1, submitted_at__gte=since)
    return first.only("pk")


_FINISHED_SINCE = Prepared(_finished_since, study=int, person=int, since=datetime)


def _active(membership: Membership) -> Claim | None:
    held = Claim.objects.filter(study=membership.study, person=membership.person, state=ClaimState.CLAIMED)
    return held.select_related("item").first()


def _count(membership: Membership, kind: kinds.WorkKind, active: Claim | None) -> KindCount:
    person, study = membership.person, membership.study
    room = WorkItem.objects.with_free_slot().filter(kind=kind.name).eligible_for(membership)
    waiting = room.waiting_for(person)[: MOST_COUNTED + 1].count()
    mine = Claim.objects.filter(study=study, person=person, item__kind=kind.name, item__is_open=True)
    held = mine.aggregate(
        ready=Count("pk", filter=Q(state=ClaimState.ASSIGNED)),
        postponed=Count("pk", filter=Q(state=ClaimState.POSTPONED)),
    )
    waiting += held["ready"]  # on a slot already, so not in the queue
    done = Submission.objects.filter(study=study, person=person, kind=kind.name, version=1)
    return KindCount(
        name=kind.name,
        label=kind.label,
        waiting=min(waiting, MOST_COUNTED),
        more=waiting > MOST_COUNTED,
        postponed=held["postponed"],
        done=done.count(),
        claim=active if active and active.item.kind == kind.name else None,
    )
