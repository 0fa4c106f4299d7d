"""State tables: which state may follow which, who may do it, and what it means. Pure data."""

from dataclasses import dataclass

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Arrow:
    """One permitted change of state. `actors` holds roles, `operator` or `system` (a worker, no person)."""

    source: str
    target: str
    actors: frozenset[str]
    meaning: str


@dataclass(frozen=True, slots=True)
class StateTable:
    """The life of one kind of object: its states with their meaning, where it starts, and its arrows."""

    name: str
    initial: str
    states: dict[str, str]
    arrows: tuple[Arrow, ...]

    def __post_init__(self) -> None:
        named = {self.initial} | {end for arrow in self.arrows for end in (arrow.source, arrow.target)}
        if unknown := named - set(self.states):
            raise ValueError(f"{self.name}: states without a meaning: {sorted(unknown)}")

    def arrow(self, source: str, target: str) -> Arrow | None:
        """The arrow between two states, if there is one."""
        return next((a for a in self.arrows if (a.source, a.target) == (source, target)), None)

    @property
    def terminal(self) -> frozenset[str]:
        """States that nothing leaves."""
        return frozenset(self.states) - {arrow.source for arrow in self.arrows}

    def mermaid(self) -> str:
        """The diagram that docs/states.md shows."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [
            f"    {a.source} --> {a.target}: {_label(a.meaning)} ({', '.join(sorted(a.actors))})"
            for a in self.arrows
        ]
        lines += [f"    {state} --> [*]" for state in sorted(self.terminal)]
        return "\n".join(lines)


def _label(text: str) -> str:
    """A text without the two signs that end a label in the diagram language."""
    return text.replace(":", ",").replace(";", ",")


def arrow(source: str, target: str, meaning: str, *actors: str) -> Arrow:
    """Shorthand for a table row; no actor named means a worker does it."""
    return Arrow(source, target, frozenset(actors or (SYSTEM,)), meaning)
