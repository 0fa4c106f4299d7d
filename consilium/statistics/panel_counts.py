"""What is counted of one judge in one dimension, case by case."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from consilium.statistics.panel import INVALID, MISSING, TIE, A, B, Codes, Panel
from consilium.statistics.whole_columns import WholeColumns


def case_counts(panel: Panel, judge: int, dimension: int) -> dict[str, Codes]:
    """Whole numbers per case of one judge in one dimension; 0 where a case is not covered.

    `cases`: 1 when covered. `right`: orders in which the verdict is right; `strict`: 1 when both are.
    `invalid`, `ties`, `valid` (A or B) and `firsts` (the answer shown first): orders. `both_valid` and
    `consistent`: 1 or 0. `forward_right`: right in the stored order. `valid_` and `right_long`: of cases
    whose label is the longer answer; `_even`: that have no longer answer; `_a`: whose label is A.
    """
    label, covered = panel.labels[dimension], panel.covered(judge, dimension)
    forward, backward = (np.where(covered, letters, MISSING) for letters in panel.stated(judge, dimension))
    forward_right = covered & (forward == label)
    right = _sum(forward_right, covered & (backward == label))
    valid = _sum(forward >= A, backward >= A)
    both_valid = (forward >= TIE) & (backward >= TIE)
    counts = {
        "cases": covered.view(np.int8),
        "right": right,
        "strict": (right == 2).view(np.int8),
        "invalid": _sum(forward == INVALID, backward == INVALID),
        "ties": _sum(forward == TIE, backward == TIE),
        "valid": valid,
        "firsts": _sum(forward == A, backward == B),
        "both_valid": both_valid.view(np.int8),
        "consistent": (both_valid & (forward == backward)).view(np.int8),
        "forward_right": forward_right.view(np.int8),
    }
    longer = panel.longer
    for name, chosen in (("long", longer == label), ("even", longer == MISSING), ("a", label == A)):
        counts[f"valid_{name}"] = valid * chosen
        counts[f"right_{name}"] = right * chosen
    return counts


def _sum(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> Codes:
    return np.asarray(one.view(np.int8) + other.view(np.int8))


class JudgeTally:
    """One judge in one dimension: sums over all cases, and the columns that are resampled.

    `clusters`: how many hold a covered case; `labelled`: cases with a label.
    """

    SCORES = ("cases", "right", "strict")
    BIASES = ("invalid", "valid", "firsts", "valid_long", "right_long", "valid_even", "right_even")

    def __init__(
        self, panel: Panel, judge: int, dimension: int, columns: WholeColumns, resampled: Sequence[str]
    ) -> None:
        counts = case_counts(panel, judge, dimension)
        self.dimension = panel.dimensions[dimension]
        self.labelled = int(np.count_nonzero(panel.labels[dimension]))
        self._sums = {name: int(values.sum(dtype=np.int64)) for name, values in counts.items()}
        self._places = {name: columns.add(counts[name]) for name in resampled}
        self.clusters = int(np.count_nonzero(columns.totals(self._places["cases"])))

    def count(self, name: str) -> int:
        """The sum over all cases."""
        return self._sums[name]

    def place(self, name: str) -> int:
        """The column that is resampled."""
        return self._places[name]
