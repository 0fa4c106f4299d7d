"""Recomputes the audit chains and compares them with their anchors: what was edited, deleted, cut."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max

from consilium.audit.anchor_file import Anchor, SignedAnchor, read_places
from consilium.audit.anchors import anchors_folder
from consilium.audit.links import Break, Walk
from consilium.audit.models import SYSTEM_CHAIN, AuditEvent, AuditHead
from consilium.audit.record import event_digest

PLACES = ("data folder", "second place")


@dataclass(slots=True)
class Verification:
    """What was read and every break found; `unchecked`: why anchors could not be compared, one sentence."""

    events: int = 0
    anchors: int = 0
    breaks: list[Break] = field(default_factory=list)
    unchecked: str = ""


@dataclass(slots=True)
class _Anchored:
    """What genuine anchors say of one chain, to be looked for among its events."""

    expected: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    is_rewritten: bool = False

    def add(self, sequence: int, sha256: str, when: str) -> None:
        if sequence:
            self.expected[sequence].append((sha256, when))

    def compare(self, event: AuditEvent) -> str:
        """Take out what is expected of this event; what is wrong with it, the first time that it is."""
        wrong = [when for sha256, when in self.expected.pop(event.sequence, ()) if sha256 != event.sha256]
        if not wrong or self.is_rewritten:
            return ""
        self.is_rewritten = True
        return f"differs from the anchor of {wrong[0]}: the chain was rewritten here or before"


def verify_chains() -> tuple[int, list[Break]]:
    """Number of events read and every break found, over all chains and against the anchors."""
    found = verify_record()
    return found.events, found.breaks


def verify_record() -> Verification:
    """Every chain, every anchor of both places, and the one against the other.

    Anchors are read first: what they name is in the chain before they are written.
    """
    places = read_places(anchors_folder(), settings.SECOND_ANCHORS, settings.RECORD_KEY)
    found = Verification(anchors=len(places[0]), breaks=[*_file_breaks(places)])
    anchored = _by_chain(places)
    found.breaks += _add_unsigned(anchored)
    named = set(AuditHead.objects.values_list("chain", flat=True))
    names = named | set(AuditEvent.objects.order_by().values_list("chain", flat=True).distinct())
    for chain in sorted(names | set(anchored)):
        walk = _verify_growing(chain, anchored[chain])
        found.events += walk.count
        found.breaks += walk.breaks
    found.unchecked = _unchecked(places, found.events)
    return found


def holds_event(chain: str, sequence: int, sha256: str) -> bool:
    """Whether the chain holds this very event, and what it says still gives its hash."""
    event = AuditEvent.objects.filter(chain=chain, sequence=sequence, sha256=sha256).first()
    return event is not None and event_digest(event.previous_sha256, event.content()) == sha256


def _file_breaks(places: list[list[SignedAnchor]]) -> Iterator[Break]:
    """What is wrong with the files themselves: forged lines, broken links, what one place lacks."""
    for name, lines in zip(PLACES, places, strict=False):
        for line in lines:
            if line.is_genuine is False:
                yield _break(line.anchor, f"is forged (its signature is wrong) in the {name}")
            if line.is_genuine and line.anchor.count != line.anchor.sequence:
                yield _break(line.anchor, f"was written when the chain had {line.anchor.count} events")
            if not line.follows:
                yield _break(line.anchor, f"follows one that was taken out or changed in the {name}")
    for whole, other, name in zip(places[::-1], places, PLACES, strict=False):
        yield from _missing(whole, other, name)


def _missing(whole: list[SignedAnchor], other: list[SignedAnchor], name: str) -> Iterator[Break]:
    there = {line.signature for line in other}
    for line in whole:
        if line.signature not in there:
            yield _break(line.anchor, f"is missing in the {name}")


def _break(anchor: Anchor, problem: str) -> Break:
    return Break(anchor.chain, anchor.sequence, f"the anchor of {anchor.at} {problem}")


def _by_chain(places: list[list[SignedAnchor]]) -> dict[str, _Anchored]:
    found: dict[str, _Anchored] = defaultdict(_Anchored)
    for anchor in {line.anchor for lines in places for line in lines if line.is_genuine}:
        found[anchor.chain].add(anchor.sequence, anchor.sha256, anchor.at)
    return found


def _add_unsigned(anchored: dict[str, _Anchored]) -> Iterator[Break]:
    """Take the anchors of earlier versions too: one file a day, not signed."""
    for path in sorted(anchors_folder().glob("*.json")):
        try:
            ends = [(chain, end["sequence"], end["sha256"]) for chain, end in _object(path).items()]
        except (ValueError, LookupError, TypeError, AttributeError):
            yield Break(SYSTEM_CHAIN, 0, f"the file of anchors of {path.stem} is damaged")
            continue
        for chain, sequence, sha256 in ends:
            anchored[chain].add(sequence, sha256, path.stem)


def _object(path: Path) -> Any:
    return json.loads(path.read_text())


def _unchecked(places: list[list[SignedAnchor]], events: int) -> str:
    lines = [line for place in places for line in place]
    if events and not lines:
        return (
            f"{events} events could not be compared with anchors, because there are none: a cut end would "
            "not be seen. A running worker writes them."
        )
    foreign = sum(line.is_genuine is None for line in lines)
    if foreign:
        return (
            f"{foreign} of {len(lines)} anchors could not be checked, because another record key signed "
            "them: put that key back from its escrow copy."
        )
    return ""


def _verify_growing(chain: str, anchored: _Anchored) -> Walk:
    """One chain, which others may be writing to: what is appended while we read is left to the next time.

    The newest event is looked up before the head, so an event behind the head was not written by `record`.
    """
    events = AuditEvent.objects.filter(chain=chain).order_by("sequence", "pk")
    newest = events.aggregate(last=Max("sequence"))["last"] or 0
    head = AuditHead.objects.filter(pk=chain).first()
    last = max(newest, head.sequence if head else 0)
    return _verify_chain(chain, events.filter(sequence__lte=last).iterator(), head, anchored)


def _verify_chain(
    chain: str, events: Iterable[AuditEvent], head: AuditHead | None, anchored: _Anchored
) -> Walk:
    walk = Walk(chain)
    for event in events:
        walk.follow([event])
        if anchored.expected and (problem := anchored.compare(event)):
            walk.add(event.sequence, problem)
    if (walk.sequence, walk.sha256) != ((head.sequence, head.sha256) if head else (0, "")):
        walk.add(walk.sequence, "the chain does not end where its head says")
    _add_cut(walk, anchored)
    return walk


def _add_cut(walk: Walk, anchored: _Anchored) -> None:
    """What anchors name and no event is there for."""
    for sequence in sorted(anchored.expected):
        _, when = anchored.expected[sequence][0]
        if sequence < walk.sequence:
            walk.add(sequence, f"is missing, but was anchored on {when}")
            continue
        last = max(anchored.expected)
        when = anchored.expected[last][0][1]
        told = f"the chain ends before it, but event {last} was anchored on {when}: its end was cut off"
        walk.add(walk.sequence + 1, told)
        return
