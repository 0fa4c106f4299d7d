"""Recomputes the audit chains and tells which link was edited, deleted or inserted."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max

from consilium.audit.anchors import disagreements
from consilium.audit.models import AuditEvent, AuditHead
from consilium.audit.record import event_digest


@dataclass(frozen=True, slots=True)
class Break:
    """One place where a chain does not hold."""

    chain: str
    sequence: int
    problem: str


def verify_chains() -> tuple[int, list[Break]]:
    """Number of events read and every break found, over all chains and against the anchors."""
    count, breaks = 0, []
    named = set(AuditHead.objects.values_list("chain", flat=True))
    names = named | set(AuditEvent.objects.order_by().values_list("chain", flat=True).distinct())
    for chain in sorted(names):
        read, found = _verify_growing(chain)
        count += read
        breaks += found
    breaks += [Break(*found) for found in disagreements()]
    return count, breaks


def _verify_growing(chain: str) -> tuple[int, list[Break]]:
    """One chain, which others may be writing to: what is appended while we read is left to the next time.

    The newest event is looked up before the head, so an event behind the head was not written by `record`.
    """
    events = AuditEvent.objects.filter(chain=chain).order_by("sequence", "pk")
    newest = events.aggregate(last=Max("sequence"))["last"] or 0
    head = AuditHead.objects.filter(pk=chain).first()
    last = max(newest, head.sequence if head else 0)
    return _verify_chain(chain, events.filter(sequence__lte=last).iterator(), head)


def _verify_chain(
    chain: str, events: Iterator[AuditEvent], head: AuditHead | None
) -> tuple[int, list[Break]]:
    breaks: list[Break] = []
    expected, previous, count = 1, "", 0
    for event in events:
        count += 1
        if event.sequence != expected:
            breaks.append(Break(chain, expected, "an event is missing or was inserted here"))
        if event.previous_sha256 != previous:
            breaks.append(Break(chain, event.sequence, "does not follow the event before it"))
        if event.sha256 != event_digest(event.previous_sha256, event.content()):
            breaks.append(Break(chain, event.sequence, "its content was changed"))
        expected, previous = event.sequence + 1, event.sha256
    if head is None or (head.sequence, head.sha256) != (expected - 1, previous):
        breaks.append(Break(chain, expected - 1, "the chain does not end where its head says"))
    return count, breaks
