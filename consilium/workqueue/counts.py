"""What a person sees about their own work: counts of today and what waits. Nobody else's figures."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from statistics import median
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from consilium.people.models import Membership
from consilium.prepared import Prepared
from consilium.workqueue import kinds
from consilium.workqueue.claim import kept_for_others, line_before
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
    counts = _counts(membership, list(kinds.known().values()))
    return [count for count in counts if count.waiting or count.done or count.claim]


def count_of(membership: Membership, kind: str) -> KindCount:
    """The entry of one kind."""
    (count,) = _counts(membership, [kinds.find(kind)])
    return count


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


def _counts(membership: Membership, chosen: Sequence[kinds.WorkKind]) -> list[KindCount]:
    of_person = {"study": membership.study, "person": membership.person}
    names, active = [kind.name for kind in chosen], _active(membership)
    set_aside = (ClaimState.ASSIGNED, ClaimState.POSTPONED)
    claims = Claim.objects.filter(
        **of_person, state__in=set_aside, item__kind__in=names, item__is_open=True
    ).order_by()
    held = {
        (kind, state): number
        for kind, state, number in claims.values_list("item__kind", "state").annotate(number=Count("pk"))
    }
    first = Submission.objects.filter(**of_person, kind__in=names, version=1).order_by()
    done = dict(first.values_list("kind").annotate(number=Count("pk")))
    # A piece kept ready is on a slot already, so not in the queue; those of others are the last resort.
    waiting = {name: _waiting(membership, name) + held.get((name, ClaimState.ASSIGNED), 0) for name in names}
    if empty := [name for name, number in waiting.items() if not number]:
        kept = kept_for_others(membership, empty).order_by().values_list("kind")
        waiting |= dict(kept.annotate(number=Count("pk")))
    return [
        KindCount(
            name=kind.name,
            label=kind.label,
            waiting=min(waiting[kind.name], MOST_COUNTED),
            more=waiting[kind.name] > MOST_COUNTED,
            postponed=held.get((kind.name, ClaimState.POSTPONED), 0),
            done=done.get(kind.name, 0),
            claim=active if active and active.item.kind == kind.name else None,
        )
        for kind in chosen
    ]


def _waiting(membership: Membership, kind: str) -> int:
    """What the person may take now, counted no further than one beyond MOST_COUNTED."""
    departments = {f"department_{place}": name for place, name in enumerate(membership.departments)}
    return _room(tuple(departments)).count(
        study=membership.study_id,
        person=membership.person_id,
        kind=kind,
        role=membership.role,
        specialty=membership.specialty,
        **departments,
    )


@cache
def _room(departments: tuple[str, ...]) -> Prepared[WorkItem]:
    """The items that a person may take; one statement per number of departments."""

    def build(**given: Any) -> "QuerySet[WorkItem]":
        eligible = (
            WorkItem.objects.with_free_slot()
            .filter(kind=given["kind"])
            .eligible(
                study_id=given["study"],
                person_id=given["person"],
                role=given["role"],
                specialty=given["specialty"],
                departments=[given[name] for name in departments],
            )
        )
        return eligible.waiting_for(given["person"]).only("pk")[: MOST_COUNTED + 1]

    words = dict.fromkeys(("kind", "role", "specialty", *departments), str)
    return Prepared(build, study=int, person=int, **words)
