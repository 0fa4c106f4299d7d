"""The leaderboard of judges: how they score against the labels, in both orders, and against each other."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from consilium.statistics import kappa
from consilium.statistics.bootstrap import (
    REPLICATES,
    SEED,
    TOO_FEW_CLUSTERS,
    Places,
    percentile_interval,
)
from consilium.statistics.coefficients import AC1
from consilium.statistics.intervals import Estimate, Interval, wilson
from consilium.statistics.judge_pairs import (
    Comparison,
    Pair,
    compared,
    planned_pairs,
    planned_race,
    ranked_intervals,
)
from consilium.statistics.panel import JudgedCase, Panel
from consilium.statistics.panel_counts import JudgeTally, case_counts
from consilium.statistics.ratings import Array, quotient
from consilium.statistics.undefined import Maybe, Undefined
from consilium.statistics.whole_columns import Sums, WholeColumns, resampled_together

Number = TypeVar("Number", int, Array)
_SLICES = 8  # at a time
NO_CASES = Undefined("no case has a label and replies in both orders")
_NO_BOTH_VALID = Undefined("no case is valid in both orders")
_NO_LETTER = Undefined("no valid A or B")


@dataclass(frozen=True)
class JudgingRow:
    """One judge in one dimension, over the cases with a label and replies in both orders.

    `accuracy`: a case scores the mean over the two orders of "right", invalid and tie being wrong; its
    interval is the cluster bootstrap's, `accuracy_wilson` takes cases as independent. `coverage` is the share
    of the labelled cases that have both replies. `invalid_rate` and `tie_rate` are shares of calls. `strict`
    is right in both orders. `valid_only` is the share of right among valid A and B; `half` counts invalid and
    tie as one half; `reference` is the stored order alone with invalid wrong.
    """

    dimension: str
    cases: int
    coverage: Maybe[float]
    accuracy: Estimate
    accuracy_wilson: Maybe[Interval]
    invalid_rate: Maybe[float]
    tie_rate: Maybe[float]
    position_consistency: Maybe[float]
    first_position_rate: Maybe[float]
    strict: Estimate
    strict_wilson: Maybe[Interval]
    valid_only: Maybe[float]
    half: Maybe[float]
    reference: Maybe[float]


@dataclass(frozen=True)
class JudgeBiases:
    """What one judge in one dimension is drawn by, and its agreement with the label beyond chance.

    `invalid`: the share of calls without a verdict, with its interval. `position`: the share of verdicts for
    the answer shown first minus that for the second, 0 without bias. `length`: how much more often the judge
    is right where the better answer is the longer one than where it is the shorter, of verdicts that name an
    answer; 0 without bias. `kappa` and `ac1` are of such verdicts and the labels, call by call.
    """

    dimension: str
    invalid: Estimate
    position: Estimate
    length: Estimate
    kappa: Maybe[float]
    ac1: Maybe[float]


@dataclass(frozen=True)
class Board:
    """Every judge's rows and biases by dimension; rank intervals of the ranked judges in the last dimension.

    `comparisons`: dimension to pairs of ranked judges, in the order of the judges: the earlier one's accuracy
    minus the later one's.
    """

    rows: dict[str, list[JudgingRow]]
    biases: dict[str, list[JudgeBiases]]
    ranks: dict[str, Maybe[Interval]]
    comparisons: dict[str, dict[Pair, Comparison]]

    @property
    def pairs(self) -> dict[Pair, Comparison]:
        """The comparisons in the last dimension, the primary endpoint."""
        return list(self.comparisons.values())[-1]


def judge_board(
    judges: Mapping[str, Sequence[JudgedCase]],
    *,
    dimensions: Sequence[str],
    ranked: Collection[str],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Board:
    """All figures of several judges from one pass over shared draws, compared in the last dimension.

    Raises:
        ValueError: a letter or label that is none, or a case with two labels or clusters.
    """
    panel = Panel.of(judges, dimensions)
    return board_of(panel, ranked=ranked, compared_in=dimensions[-1:], replicates=replicates, seed=seed)


def board_of(
    panel: Panel,
    *,
    ranked: Collection[str],
    compared_in: Sequence[str],
    pairs: Sequence[Pair] | None = None,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Board:
    """As `judge_board`, of a panel, comparing the ranked judges in the given dimensions.

    `pairs`: those that are compared, of any judges; every two of the ranked ones where none are given.
    Every figure of every judge, dimension and pair sees the same draws of all the panel's clusters.
    """
    columns = _columns_for(panel)
    tallies = _tallies(panel, columns, (*JudgeTally.SCORES, *JudgeTally.BIASES))
    entrants = [place for place, name in enumerate(panel.judges) if name in ranked]
    groups = [entrants] if pairs is None else [[panel.judges.index(one) for one in pair] for pair in pairs]
    planned = {
        name: {
            names: pair
            for group in groups
            for names, pair in planned_pairs(panel, panel.dimensions.index(name), group, columns).items()
        }
        for name in compared_in
    }
    race = planned_race(panel, len(panel.dimensions) - 1, entrants, columns)
    sums = columns.resampled(replicates, seed)
    figures = {
        name: [_Figures(tally, sums) for tally in of_judge]
        for name, of_judge in zip(panel.judges, tallies, strict=True)
    }
    return Board(
        rows={name: [one.row() for one in of_judge] for name, of_judge in figures.items()},
        biases={name: [one.biases() for one in of_judge] for name, of_judge in figures.items()},
        ranks=ranked_intervals([panel.judges[place] for place in entrants], race, columns, sums),
        comparisons=compared(planned, columns, sums, seed),
    )


def slice_rows(
    panel: Panel,
    slices: Mapping[str, npt.NDArray[np.bool_]],
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[str, dict[str, list[JudgingRow]]]:
    """Every judge's rows over the cases of each slice, which is a mask over the panel's cases.

    Every slice sees the draws that the board sees; a few slices at a time are held in memory.
    """
    found = {}
    names = list(slices)
    for start in range(0, len(names), _SLICES):
        parts = []
        for name in names[start : start + _SLICES]:
            columns = _columns_for(panel, np.unique(panel.clusters[slices[name]]))
            parts.append((name, columns, _tallies(panel.only(slices[name]), columns, JudgeTally.SCORES)))
        sums = resampled_together([columns for _, columns, _ in parts], replicates, seed)
        for (name, _, tallies), of_slice in zip(parts, sums, strict=True):
            found[name] = {
                judge: [_Figures(tally, of_slice).row() for tally in of_judge]
                for judge, of_judge in zip(panel.judges, tallies, strict=True)
            }
    return found


def _columns_for(panel: Panel, present: Places | None = None) -> WholeColumns:
    return WholeColumns(panel.clusters, int(panel.clusters.max(initial=-1)) + 1, present)


def _tallies(panel: Panel, columns: WholeColumns, resampled: Sequence[str]) -> list[list[JudgeTally]]:
    """Of every judge in every dimension."""
    dimensions = range(len(panel.dimensions))
    return [
        [JudgeTally(panel, judge, dimension, columns, resampled) for dimension in dimensions]
        for judge in range(len(panel.judges))
    ]


def judging(
    cases: Sequence[JudgedCase],
    *,
    dimensions: Sequence[str],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> list[JudgingRow]:
    """One row per dimension; the same cases, replicates and seed give every judge the same draws."""
    board = judge_board({"": cases}, dimensions=dimensions, ranked=(), replicates=replicates, seed=seed)
    return board.rows[""]


def case_scores(cases: Sequence[JudgedCase], dimension: str) -> dict[str, float]:
    """Score per covered case, 0, 1/2 or 1: the primary endpoint before averaging."""
    panel = Panel.of({"": cases}, [dimension])
    counts = case_counts(panel, 0, 0)
    return {
        name: float(right) / 2
        for name, right, covered in zip(panel.cases, counts["right"], counts["cases"], strict=True)
        if covered
    }


def compare_judges(
    first: Sequence[JudgedCase],
    second: Sequence[JudgedCase],
    *,
    dimension: str,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Comparison:
    """Compare two judges on the cases that both cover: bootstrap interval and sign-flip p, by cluster."""
    judges = {"first": first, "second": second}
    board = judge_board(judges, dimensions=[dimension], ranked=judges, replicates=replicates, seed=seed)
    return board.pairs["first", "second"]


def rank_intervals(
    judges: Mapping[str, Sequence[JudgedCase]],
    *,
    dimension: str,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[str, Maybe[Interval]]:
    """Interval of each judge's rank (1 is best) over shared resamples of the cases that all judges cover."""
    return judge_board(judges, dimensions=[dimension], ranked=judges, replicates=replicates, seed=seed).ranks


class _Figures:
    """One judge in one dimension: its tally, and the resampled sums of every column."""

    def __init__(self, tally: JudgeTally, sums: Sums) -> None:
        self._tally = tally
        self._sums = sums

    def row(self) -> JudgingRow:
        """The figures of the leaderboard."""
        count = self._tally.count
        n, right, valid = count("cases"), count("right"), count("valid")
        labelled = self._tally.labelled
        return JudgingRow(
            dimension=self._tally.dimension,
            cases=n,
            coverage=n / labelled if labelled else Undefined("no case has a label"),
            accuracy=self._estimate(_share(right, 2 * n), self._rate("right", "cases") / 2),
            accuracy_wilson=wilson(right / 2, n),
            invalid_rate=_share(count("invalid"), 2 * n),
            tie_rate=_share(count("ties"), 2 * n),
            position_consistency=_share(count("consistent"), count("both_valid"), _NO_BOTH_VALID),
            first_position_rate=_share(count("firsts"), valid, _NO_LETTER),
            strict=self._estimate(_share(count("strict"), n), self._rate("strict", "cases")),
            strict_wilson=wilson(count("strict"), n),
            valid_only=_share(right, valid, _NO_LETTER),
            half=_share(right + (count("ties") + count("invalid")) / 2, 2 * n),
            reference=_share(count("forward_right"), n),
        )

    def biases(self) -> JudgeBiases:
        """What it is drawn by."""
        count = self._tally.count
        first_share = _share(count("firsts"), count("valid"), _NO_LETTER)
        by_label = self._table()
        return JudgeBiases(
            dimension=self._tally.dimension,
            invalid=self._estimate(
                _share(count("invalid"), 2 * count("cases")), self._rate("invalid", "cases") / 2
            ),
            position=self._estimate(
                first_share if isinstance(first_share, Undefined) else 2 * first_share - 1,
                2 * self._rate("firsts", "valid") - 1,
            ),
            length=self._length(),
            kappa=kappa.cohen_kappa(by_label),
            ac1=kappa.of_table(AC1, by_label),
        )

    def _length(self) -> Estimate:
        valid_long, valid_short = self._by_length("valid", self._tally.count)
        right_long, right_short = self._by_length("right", self._tally.count)
        if not valid_long or not valid_short:
            none = Undefined("no verdict where the better answer is the longer, or the shorter one")
            return Estimate(none, none)
        valid, right = (self._by_length(kind, self._sum) for kind in ("valid", "right"))
        return self._estimate(
            right_long / valid_long - right_short / valid_short,
            quotient(right[0], valid[0]) - quotient(right[1], valid[1]),
        )

    @staticmethod
    def _by_length(kind: str, count: Callable[[str], Number]) -> tuple[Number, Number]:
        """Where the better answer is the longer, and where it is the shorter: neither longer nor even."""
        long = count(f"{kind}_long")
        return long, count(kind) - long - count(f"{kind}_even")

    def _table(self) -> list[list[int]]:
        """Calls by label and verdict, A and B."""
        count = self._tally.count
        right_a, valid_a = count("right_a"), count("valid_a")
        right_b, valid_b = count("right") - right_a, count("valid") - valid_a
        return [[right_a, valid_a - right_a], [valid_b - right_b, right_b]]

    def _rate(self, part: str, whole: str) -> Array:
        """The replicates of a ratio of two sums."""
        return quotient(self._sum(part), self._sum(whole))

    def _sum(self, name: str) -> Array:
        return np.asarray(self._sums[self._tally.place(name)])

    def _estimate(self, value: Maybe[float], replicates: Array) -> Estimate:
        if isinstance(value, Undefined):
            return Estimate(value, value)
        if self._tally.clusters < 2:
            return Estimate(value, TOO_FEW_CLUSTERS)
        return Estimate(value, percentile_interval(replicates))


def _share(part: float, whole: float, undefined: Undefined = NO_CASES) -> Maybe[float]:
    return part / whole if whole else undefined
