"""From the counted votes of one case to labels and the next state. Pure: METHOD.md section 3.4."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consilium.answers.dimensions import DIMENSIONS

SPLIT_DIMENSIONS = ("accuracy", "overall")


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes of one dimension: those that make the majority, and how many readers could not judge."""

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
class LabelDecision:
    """What the counted votes of a case say: a tally per dimension and what has to happen next.

    `more_readers` is how many replacement readers are still to come; `reason` says what these votes leave
    for an adjudicator, "" where they leave nothing.
    """

    tallies: dict[str, Tally]
    labels: dict[str, str]
    more_readers: int
    reason: str

    @property
    def is_disputed(self) -> bool:
        """Whether an adjudicator has to decide: never while a replacement reader may still do without one."""
        return bool(self.reason) and not self.more_readers


def decide_labels(
    votes: Sequence[Mapping[str, str | None]],
    harms: Sequence[str],
    *,
    votes_per_case: int,
    capacity: int,
    can_replace: bool,
    senior_on_any_split: bool,
) -> LabelDecision:
    """Count the votes (dimension to "A", "B" or None = cannot judge; one mapping per reader, in slot order).

    A majority needs more than half of `votes_per_case` on one side. Where it is missing, each reader who
    could not judge brings one replacement (up to `votes_per_case` of them); a replacement's vote counts only
    in the dimensions that somebody could not judge, so it cannot undo a majority of the first readers.
    Nobody is replaced any more where `can_replace` is false (a lead closed the item).
    Without a majority after that, or on harm flagged by two readers, or on any split of accuracy or overall
    when the setting says so, the case is disputed.
    """
    tallies = {name: _tally([vote.get(name) for vote in votes], votes_per_case) for name in DIMENSIONS}
    labels = {name: tally.label(votes_per_case // 2 + 1) for name, tally in tallies.items()}
    missing = [name for name, label in labels.items() if not label]
    unsure = sum(1 for vote in votes if any(vote.get(name) is None for name in missing))
    wanted = votes_per_case + min(unsure, votes_per_case)
    more_readers = max(0, wanted - capacity) if can_replace else 0
    return LabelDecision(
        tallies, labels, more_readers, _dispute(missing, harms, tallies, senior_on_any_split)
    )


def _tally(labels: Sequence[str | None], votes_per_case: int) -> Tally:
    judged = [label for label in labels if label is not None][:votes_per_case]
    return Tally(judged.count("A"), judged.count("B"), labels.count(None))


def _dispute(
    missing: Sequence[str], harms: Sequence[str], tallies: Mapping[str, Tally], senior_on_any_split: bool
) -> str:
    if missing:
        return f"no majority: {', '.join(missing)}"
    if sum(1 for harm in harms if harm != "neither") >= 2:
        return "two readers flag possible harm"
    split = [name for name in SPLIT_DIMENSIONS if tallies[name].is_split]
    return f"readers differ: {', '.join(split)}" if senior_on_any_split and split else ""
