"""Follows the links of one chain and tells which event was edited, deleted or inserted."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from consilium.audit.models import SYSTEM_CHAIN, AuditEvent
from consilium.audit.record import event_digest


@dataclass(frozen=True, slots=True)
class Break:
    """One place where a chain, or what anchors say of it, does not hold."""

    chain: str
    sequence: int
    problem: str

    def __str__(self) -> str:
        """One sentence for people, with the study and the number of the event."""
        kind, _, slug = self.chain.partition(":")
        where = "The system's record" if kind == SYSTEM_CHAIN else f"Study {slug}"
        return f"{where}, event {self.sequence}: {self.problem}."


@dataclass(slots=True)
class Walk:
    """How far one chain was followed, from `sequence` and `sha256` on, and what was broken on the way."""

    chain: str
    sequence: int = 0
    sha256: str = ""
    count: int = 0
    breaks: list[Break] = field(default_factory=list)

    def follow(self, events: Iterable[AuditEvent]) -> None:
        """Take the next events, in their order."""
        for event in events:
            self.count += 1
            if event.sequence != self.sequence + 1:
                self.add(self.sequence + 1, "an event is missing or was inserted here")
            if event.previous_sha256 != self.sha256:
                self.add(event.sequence, "does not follow the event before it")
            if event.sha256 != event_digest(event.previous_sha256, event.content()):
                self.add(event.sequence, "its content was changed")
            self.sequence, self.sha256 = event.sequence, event.sha256

    def add(self, sequence: int, problem: str) -> None:
        """Note a break at this event."""
        self.breaks.append(Break(self.chain, sequence, problem))
