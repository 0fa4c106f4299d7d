"""The majority of votes."""

from collections import Counter
from collections.abc import Sequence


def majority(votes: Sequence[str | None]) -> str | None:
    """The label with more than half of the counted votes, None without one; None votes are not counted."""
    counted = Counter(vote for vote in votes if vote is not None)
    if not counted:
        return None
    label, count = counted.most_common(1)[0]
    return label if 2 * count > counted.total() else None


def leaders(votes: Sequence[str | None]) -> list[str]:
    """The labels with the most votes, sorted: several in a tie, none without votes."""
    counted = Counter(vote for vote in votes if vote is not None)
    most = max(counted.values(), default=0)
    return sorted(label for label, count in counted.items() if count == most)
