"""A judge asked in both orders: consistency, first-position rate, ways to score two replies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consilium.statistics.undefined import Maybe, Undefined

_SWAPPED = {"A": "B", "B": "A", "tie": "tie"}
_NO_CASES = Undefined("no cases")
_NO_LABELS = Undefined("no case has a label")


@dataclass(frozen=True, slots=True)
class SwapRow:
    """One case: the letter printed in each order (None = invalid) and the human label.

    `backward` is as printed when the answers were swapped, so A there means the case's answer B.
    """

    forward: str | None
    backward: str | None
    label: str | None

    @property
    def unswapped(self) -> str | None:
        """The backward letter in the case's own frame."""
        return unswap(self.backward)


@dataclass(frozen=True)
class PositionSwap:
    """Counts and rates over the `n` cases, two calls each; accuracies are over those with a label."""

    n: int
    invalid_calls: int
    invalid_rate: Maybe[float]
    both_valid: int
    consistent: int
    position_consistency: Maybe[float]
    first_position_rate: Maybe[float]
    strict_accuracy: Maybe[float]
    mean_accuracy_tie_half: Maybe[float]
    judgebench_correct: Maybe[float]
    single_order_accuracy: Maybe[float]


def unswap(letter: str | None) -> str | None:
    """A letter printed in the swapped order, in the case's own frame.

    Raises:
        ValueError: not A, B, tie or None.
    """
    if letter is None:
        return None
    if letter not in _SWAPPED:
        raise ValueError(f"A verdict is A, B, tie or null, not {letter!r}.")
    return _SWAPPED[letter]


def position_swap(rows: Sequence[SwapRow]) -> PositionSwap:
    """Position consistency and first-position rate (Zheng et al. 2023, arXiv 2306.05685) and four accuracies.

    Consistent means that both letters are valid and name the same answer or both say tie. The first-position
    rate is A among all printed A and B. Strict: right in both orders. Mean: 1 right, 1/2 tie, 0 wrong or
    invalid, averaged over orders. JudgeBench (arXiv 2410.12784): +1 right, -1 wrong, 0 else, correct when
    the sum is above 0.

    A case without a label counts in what concerns the letters alone, in no accuracy.

    Raises:
        ValueError: a letter that is not A, B, tie or None, or a label that is not A, B or None.
    """
    n = len(rows)
    labelled = [row for row in rows if row.label is not None]
    if any(row.label not in ("A", "B") for row in labelled):
        raise ValueError("A label is A, B or null.")
    printed = [letter for row in rows for letter in (row.forward, row.backward)]
    for letter in printed:
        unswap(letter)
    both = [row for row in rows if row.forward is not None and row.unswapped is not None]
    consistent = sum(row.forward == row.unswapped for row in both)
    invalid = printed.count(None)
    firsts = printed.count("A")
    return PositionSwap(
        n=n,
        invalid_calls=invalid,
        invalid_rate=_share(invalid, 2 * n, _NO_CASES),
        both_valid=len(both),
        consistent=consistent,
        position_consistency=_share(consistent, len(both), Undefined("no case is valid in both orders")),
        first_position_rate=_share(firsts, firsts + printed.count("B"), Undefined("no A or B was printed")),
        strict_accuracy=_mean(labelled, lambda row: _right(row) == 2),
        mean_accuracy_tie_half=_mean(labelled, lambda row: (_right(row) + 0.5 * _ties(row)) / 2),
        judgebench_correct=_mean(labelled, lambda row: _right(row) > _wrong(row)),
        single_order_accuracy=_mean(labelled, lambda row: _is(row.forward, row.label)),
    )


def _share(part: float, whole: int, undefined: Undefined) -> Maybe[float]:
    return part / whole if whole else undefined


def _mean(rows: Sequence[SwapRow], score: Callable[[SwapRow], float]) -> Maybe[float]:
    return _share(sum(map(score, rows)), len(rows), _NO_LABELS)


def _is(letter: str | None, label: str | None) -> bool:
    return letter is not None and letter == label


def _right(row: SwapRow) -> int:
    return _is(row.forward, row.label) + _is(row.unswapped, row.label)


def _ties(row: SwapRow) -> int:
    return (row.forward == "tie") + (row.backward == "tie")


def _wrong(row: SwapRow) -> int:
    return sum(letter in ("A", "B") and letter != row.label for letter in (row.forward, row.unswapped))
