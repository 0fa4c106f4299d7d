"""The leaderboard of judges: how they score against the labels, in both orders, and against each other."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from consilium.statistics.bootstrap import (
    REPLICATES,
    SEED,
    TOO_FEW_CLUSTERS,
    ClusterWeights,
    percentile_interval,
    resampled_sums,
)
from consilium.statistics.intervals import Estimate, Interval, wilson
from consilium.statistics.paired import sign_flip_ps
from consilium.statistics.position_swap import PositionSwap, SwapRow, position_swap
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

Letters = Mapping[str, str | None]
NO_CASES = Undefined("no case has a label and replies in both orders")


@dataclass(frozen=True)
class JudgedCase:
    """One case: its label per dimension (A, B or None) and the judge's letters per dimension in each order.

    Letters are A, B, tie or None (invalid); `backward` is as printed when the answers were swapped. An order
    whose call failed is None as a whole: the case is then not covered, and not scored.
    """

    case: str
    cluster: Hashable
    label: Letters
    forward: Letters | None
    backward: Letters | None


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
class Comparison:
    """Difference of two judges' accuracies on the same cases, first minus second."""

    cases: int
    difference: Maybe[float]
    interval: Maybe[Interval]
    p: Maybe[float]


@dataclass(frozen=True)
class Board:
    """Every judge's rows; rank intervals and differences of the ranked judges, in the last dimension.

    A pair is in the order of the judges: the earlier one's accuracy minus the later one's.
    """

    rows: dict[str, list[JudgingRow]]
    ranks: dict[str, Maybe[Interval]]
    pairs: dict[tuple[str, str], Comparison]


def judge_board(
    judges: Mapping[str, Sequence[JudgedCase]],
    *,
    dimensions: Sequence[str],
    ranked: Collection[str],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Board:
    """All figures of several judges from one pass over shared draws.

    Equal to `judging`, `rank_intervals` and `compare_judges` called one by one with the same seed.
    """
    scored = {name: [_Scored.of(cases, one) for one in dimensions] for name, cases in judges.items()}
    primary = {name: rows[-1] for name, rows in scored.items() if name in ranked}
    pairs = {(one, two): _Pair.of(primary[one], primary[two]) for one, two in combinations(primary, 2)}
    race = _Race.of(primary)
    tables = chain(
        (row.totals for rows in scored.values() for row in rows),
        [race.totals],
        (pair.totals for pair in pairs.values()),
    )
    sums = resampled_sums(tables, replicates, seed)
    return Board(
        rows={name: [row.figures(next(sums)) for row in rows] for name, rows in scored.items()},
        ranks=race.intervals(next(sums)),
        pairs=dict(zip(pairs, _comparisons(list(pairs.values()), sums, seed), strict=True)),
    )


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
    return _Scored.of(cases, dimension).by_name


def compare_judges(
    first: Sequence[JudgedCase],
    second: Sequence[JudgedCase],
    *,
    dimension: str,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> Comparison:
    """Compare two judges on the cases that both cover: bootstrap interval and sign-flip p, by cluster."""
    pair = _Pair.of(_Scored.of(first, dimension), _Scored.of(second, dimension))
    return _comparisons([pair], resampled_sums([pair.totals], replicates, seed), seed)[0]


def rank_intervals(
    judges: Mapping[str, Sequence[JudgedCase]],
    *,
    dimension: str,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[str, Maybe[Interval]]:
    """Interval of each judge's rank (1 is best) over shared resamples of the cases that all judges cover."""
    race = _Race.of({name: _Scored.of(cases, dimension) for name, cases in judges.items()})
    return race.intervals(next(resampled_sums([race.totals], replicates, seed)))


@dataclass(frozen=True)
class _Scored:
    """One judge in one dimension: its row without intervals, and the covered cases.

    `totals` per cluster: scores, strict scores, cases.
    """

    point: JudgingRow
    names: list[str]
    clusters: list[Hashable]
    scores: Array
    totals: Array

    @classmethod
    def of(cls, cases: Sequence[JudgedCase], dimension: str) -> Self:
        covered = _covered(cases, dimension)
        labelled = sum(case.label.get(dimension) is not None for case in cases)
        scores = np.array([_score(row) for _, row in covered])
        clusters = [case.cluster for case, _ in covered]
        features = np.column_stack([scores, scores == 1.0, np.ones(len(scores))])
        return cls(
            point=_point(dimension, [row for _, row in covered], scores, labelled),
            names=[case.case for case, _ in covered],
            clusters=clusters,
            scores=scores,
            totals=ClusterWeights(clusters).totals(features),
        )

    @property
    def by_name(self) -> dict[str, float]:
        return dict(zip(self.names, self.scores.tolist(), strict=True))

    def figures(self, sums: Array) -> JudgingRow:
        """The row, given the resampled sums of `totals`."""
        if not self.names:
            return self.point
        accuracy, strict = (_mean_interval(self.totals, sums[:, one], sums[:, 2]) for one in (0, 1))
        return replace(
            self.point,
            accuracy=replace(self.point.accuracy, interval=accuracy),
            strict=replace(self.point.strict, interval=strict),
        )


def _point(dimension: str, rows: Sequence[SwapRow], scores: Array, labelled: int) -> JudgingRow:
    """The row before anything is resampled."""
    swap, strict = position_swap(rows), scores == 1.0
    return JudgingRow(
        dimension=dimension,
        cases=len(rows),
        coverage=len(rows) / labelled if labelled else Undefined("no case has a label"),
        accuracy=_mean(scores),
        accuracy_wilson=wilson(float(scores.sum()), len(scores)),
        invalid_rate=swap.invalid_rate,
        tie_rate=_tie_rate(rows),
        position_consistency=swap.position_consistency,
        first_position_rate=swap.first_position_rate,
        strict=_mean(strict),
        strict_wilson=wilson(float(strict.sum()), len(strict)),
        valid_only=_valid_only(rows),
        half=_half(rows, swap),
        reference=swap.single_order_accuracy,
    )


def _mean(values: npt.NDArray[Any]) -> Estimate:
    return Estimate(float(values.mean()) if len(values) else NO_CASES, NO_CASES)


@dataclass(frozen=True)
class _Pair:
    """Two judges on the cases that both cover; their difference per cluster, first minus second."""

    judges: tuple[_Scored, _Scored]
    cases: int
    differences: Array

    @classmethod
    def of(cls, first: _Scored, second: _Scored) -> Self:
        totals = _shared_totals((first, second))
        return cls((first, second), int(totals[:, 2].sum()), totals[:, 0] - totals[:, 1])

    @property
    def totals(self) -> Array:
        """Per cluster: scores of both, cases. Where both cover the same cases, columns of their own rows."""
        return _shared_totals(self.judges)

    def comparison(self, sums: Array, p: float) -> Comparison:
        """The comparison, given the resampled sums of `totals`."""
        if not self.cases:
            none = Undefined("no case is covered by both")
            return Comparison(0, none, none, none)
        interval = _mean_interval(self.differences, sums[:, 0] - sums[:, 1], sums[:, 2])
        return Comparison(self.cases, float(self.differences.sum()) / self.cases, interval, p)


def _comparisons(pairs: Sequence[_Pair], sums: Iterator[Array], seed: int) -> list[Comparison]:
    ps = sign_flip_ps([pair.differences for pair in pairs], seed=seed)
    return [pair.comparison(next(sums), p) for pair, p in zip(pairs, ps, strict=True)]


@dataclass(frozen=True)
class _Race:
    """Several judges on the cases that all cover. `totals` per cluster: each judge's scores."""

    names: list[str]
    totals: Array

    @classmethod
    def of(cls, judges: Mapping[str, _Scored]) -> Self:
        return cls(list(judges), _shared_totals(list(judges.values()))[:, :-1])

    def intervals(self, sums: Array) -> dict[str, Maybe[Interval]]:
        """The interval of each judge's rank, given the resampled sums of `totals`."""
        if len(self.totals) < 2:
            few = Undefined("fewer than two clusters are covered by all judges")
            return dict.fromkeys(self.names, few)
        # A tied judge shares the best of the tied ranks; 1e-9 is far below any difference of sums of halves.
        ranks = np.column_stack([1 + (sums > own[:, None] + 1e-9).sum(axis=1) for own in sums.T])
        bounds = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
        return {
            name: Interval(float(low), float(high))
            for name, low, high in zip(self.names, *bounds, strict=True)
        }


def _shared_totals(judges: Sequence[_Scored]) -> Array:
    """Per cluster of the cases that all judges cover: the scores of each judge, then the cases."""
    if not judges:
        return np.zeros((0, 1))
    first = judges[0]
    if all(one.names == first.names and one.clusters == first.clusters for one in judges):
        return np.column_stack([*(one.totals[:, 0] for one in judges), first.totals[:, 2]])
    scores = [one.by_name for one in judges]
    shared = {
        name: cluster
        for name, cluster in zip(first.names, first.clusters, strict=True)
        if all(name in by_name for by_name in scores)
    }
    columns = [[by_name[name] for name in shared] for by_name in scores]
    layout = ClusterWeights(list(shared.values()))
    return layout.totals(np.column_stack([*columns, np.ones(len(shared))]))


def _mean_interval(totals: Array, sums: Array, cases: Array) -> Maybe[Interval]:
    if len(totals) < 2:
        return TOO_FEW_CLUSTERS
    return percentile_interval(sums / cases)


def _covered(cases: Sequence[JudgedCase], dimension: str) -> list[tuple[JudgedCase, SwapRow]]:
    rows: list[tuple[JudgedCase, SwapRow]] = []
    for case in cases:
        label = case.label.get(dimension)
        if label is None or case.forward is None or case.backward is None:
            continue
        if label not in ("A", "B"):
            raise ValueError(f"The label of case {case.case} is A, B or null, not {label!r}.")
        rows.append((case, SwapRow(case.forward.get(dimension), case.backward.get(dimension), label)))
    return rows


def _score(row: SwapRow) -> float:
    return ((row.forward == row.label) + (row.unswapped == row.label)) / 2


def _calls(rows: Sequence[SwapRow]) -> list[tuple[str | None, str | None]]:
    return [(letter, row.label) for row in rows for letter in (row.forward, row.unswapped)]


def _tie_rate(rows: Sequence[SwapRow]) -> Maybe[float]:
    calls = _calls(rows)
    return sum(letter == "tie" for letter, _ in calls) / len(calls) if calls else NO_CASES


def _valid_only(rows: Sequence[SwapRow]) -> Maybe[float]:
    valid = [letter == label for letter, label in _calls(rows) if letter in ("A", "B")]
    return sum(valid) / len(valid) if valid else Undefined("no valid A or B")


def _half(rows: Sequence[SwapRow], swap: PositionSwap) -> Maybe[float]:
    if isinstance(swap.mean_accuracy_tie_half, Undefined):
        return NO_CASES
    return swap.mean_accuracy_tie_half + 0.5 * swap.invalid_calls / (2 * len(rows))
