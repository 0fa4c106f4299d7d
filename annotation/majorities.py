"""From the counted votes of one case to labels and the next state. Pure: METHOD.md section 3.4."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consilium.answers.dimensions import DIMENSIONS

SPLIT_DIMENSIONS = ("accuracy", "overall")


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes of one dimension."""

    votes_a: int
    votes_b: int
    cannot_judge: int

    def label(self, needed: int) -> str:
        """ "A" or "B" with at least `needed` votes and more than the other side; "" without a majority."""
        most = max(self.votes_a, self.votes_b)
        if most < needed or self.votes_a == self.votes_b:
            return ""
        return "A" if self.votes_a > self.votes_b else "B"

    @property
    def is_split(self) -> bool:
        """Whether readers disagree."""
        return bool(self.votes_a and self.votes_b)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the counted votes of a case say: a tally per dimension and what has to happen next."""

    tallies: dict[str, Tally]
    labels: dict[str, str]
    needs_reader: bool
    is_disputed: bool
    reason: str


def decide(
    votes: Sequence[Mapping[str, str | None]],
    harms: Sequence[str],
    *,
    votes_per_case: int,
    capacity: int,
    senior_on_any_split: bool,
) -> Outcome:
    """Count the votes (dimension to "A", "B" or None = cannot judge; one mapping per reader).

    A majority needs more than half of `votes_per_case` on one side. A reader who cannot judge brings one
    replacement (up to `votes_per_case` of them). Without a majority after that, or on harm flagged by two
    readers, or on any split of accuracy or overall when the setting says so, the case is disputed.
    """
    tallies = {name: _tally([vote.get(name) for vote in votes]) for name in DIMENSIONS}
    labels = {name: tally.label(votes_per_case // 2 + 1) for name, tally in tallies.items()}
    unsure = sum(1 for vote in votes if any(vote.get(name) is None for name in DIMENSIONS))
    missing = [name for name, label in labels.items() if not label]
    wanted = votes_per_case + min(unsure, votes_per_case)
    needs_reader = bool(missing) and capacity < wanted
    reason = _dispute(missing, harms, tallies, senior_on_any_split)
    return Outcome(tallies, labels, needs_reader, bool(reason) and not needs_reader, reason)


def _tally(labels: Sequence[str | None]) -> Tally:
    return Tally(labels.count("A"), labels.count("B"), labels.count(None))


def _dispute(
    missing: Sequence[str], harms: Sequence[str], tallies: Mapping[str, Tally], senior_on_any_split: bool
) -> str:
    if missing:
        return f"no majority: {', '.join(missing)}"
    if sum(1 for harm in harms if harm != "neither") >= 2:
        return "two readers flag possible harm"
    split = [name for name in SPLIT_DIMENSIONS if tallies[name].is_split]
    return f"readers differ: {', '.join(split)}" if senior_on_any_split and split else ""
