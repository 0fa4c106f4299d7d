"""Marks cases that nobody eligible is left for, so that a lead is told; unmarks them when somebody joins."""

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.models import Case
from annotation.states import CaseState
from consilium.people.models import Membership
from consilium.states.transitions import StateChanged, transition
from consilium.workqueue.models import ACTIVE, COMES_BACK, Claim, Kind, WorkItem

LOOK_SECONDS = 60
MOST_AT_ONCE = 500


def sweep() -> None:
    """What the sweeper calls at every tick: looks once a minute, whichever process it runs in."""
    if cache.add("annotation.stalled", True, LOOK_SECONDS):
        mark_stalled()


def mark_stalled() -> int:
    """Open cases without an eligible reader become stalled, stalled ones with a reader open again."""
    waiting = Q(pk__in=_items_without_reader())
    items = WorkItem.objects.filter(is_open=True)
    stalled = _move(items.filter(waiting), CaseState.OPEN, CaseState.STALLED, "nobody eligible is left")
    return stalled + _move(items.exclude(waiting), CaseState.STALLED, CaseState.OPEN, "a reader is eligible")


def _items_without_reader() -> "QuerySet[WorkItem]":
    """Items for all specialties with a free slot that nobody holds and no member may take."""
    final = Claim.objects.filter(item=OuterRef(OuterRef("pk")), person=OuterRef("person")).exclude(
        state__in=COMES_BACK
    )
    excluded = WorkItem.excluded.through._default_manager.filter(
        workitem_id=OuterRef(OuterRef("pk")), person_id=OuterRef("person")
    )
    eligible = Membership.objects.filter(
        ~Exists(final),
        ~Exists(excluded),
        study=OuterRef("study"),
        role=OuterRef("role"),
        is_active=True,
        person__is_active=True,
    )
    held = Claim.objects.filter(item=OuterRef("pk"), state__in=ACTIVE)
    room = WorkItem.objects.with_free_slot().filter(kind=Kind.COMPARE, specialty="", department="")
    return room.filter(~Exists(eligible), ~Exists(held))


def _move(items: "QuerySet[WorkItem]", source: CaseState, to: CaseState, reason: str) -> int:
    keys = items.filter(kind=Kind.COMPARE).order_by().values("object_id")
    moved = 0
    for case in Case.objects.filter(state=source, pk__in=keys).select_related("study")[:MOST_AT_ONCE]:
        try:
            transition(case, to, by=None, reason=reason)
        except StateChanged:
            continue
        moved += 1
    return moved
