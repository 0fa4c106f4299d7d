"""Whether a judge that is asked the same again says the same again."""

from collections.abc import Sequence

from consilium.statistics.coefficients import PERCENT
from consilium.statistics.ratings import count_matrix
from consilium.statistics.undefined import Maybe

_SAID = ("A", "B", "tie", "invalid")


def repeat_stability(calls: Sequence[Sequence[str | None]]) -> Maybe[float]:
    """The mean share of agreeing pairs among the repeats of each call; None, invalid, agrees with None.

    Calls with fewer than two repeats are left out.

    Raises:
        ValueError: a letter that is not A, B, tie or None.
    """
    said = [["invalid" if letter is None else letter for letter in repeats] for repeats in calls]
    return PERCENT.of(count_matrix(said, _SAID))
