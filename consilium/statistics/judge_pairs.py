"""Judges against each other: differences of accuracy for all pairs, and rank intervals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, TypeAlias

import numpy as np

from consilium.statistics.bootstrap import REPLICATES, TOO_FEW_CLUSTERS, percentile_interval
from consilium.statistics.intervals import Interval
from consilium.statistics.mcnemar import mcnemar
from consilium.statistics.paired import EXACT_UP_TO, drawn_sign_flip_p, exact_sign_flip_p
from consilium.statistics.panel import Codes, Panel
from consilium.statistics.panel_counts import case_counts
from consilium.statistics.ratings import quotient
from consilium.statistics.undefined import Maybe, Undefined
from consilium.statistics.whole_columns import Sums, WholeColumns

Pair: TypeAlias = tuple[str, str]
FLIPS: Final = 5 * REPLICATES
# The least p is one in so many signs: after Holm's adjustment for the 496 pairs of 32 judges it must still be
# able to be small. Beyond, time counts.
_MOST_FLIPS, _MOST_COINS = 10 * FLIPS, 100_000_000


@dataclass(frozen=True)
class Comparison:
    """Difference of two judges' accuracies on the same cases, first minus second.

    `p`: of the cluster sign-flip test; `strict_p`: exact McNemar, of being right in both orders.
    """

    cases: int
    difference: Maybe[float]
    interval: Maybe[Interval]
    p: Maybe[float]
    strict_p: Maybe[float]


@dataclass(frozen=True)
class PlannedPair:
    """Two judges on the cases that both cover: the columns of their scores and of the cases."""

    first: int
    second: int
    shared: int
    cases: int
    discordant: tuple[int, int]


def planned_pairs(
    panel: Panel, dimension: int, ranked: Sequence[int], columns: WholeColumns
) -> dict[Pair, PlannedPair]:
    """Every pair of the ranked judges in one dimension; its columns are added to `columns`.

    Judges who cover the same cases need no columns but their own.
    """
    counts = {judge: case_counts(panel, judge, dimension) for judge in ranked}
    own = {judge: (columns.add(one["right"]), columns.add(one["cases"])) for judge, one in counts.items()}
    planned = {}
    for one, two in combinations(ranked, 2):
        shared = counts[one]["cases"] & counts[two]["cases"]
        strict = [(counts[judge]["strict"] & shared).view(np.bool_) for judge in (one, two)]
        is_same = own[one][1] == own[two][1] and bool((shared == counts[one]["cases"]).all())
        planned[panel.judges[one], panel.judges[two]] = PlannedPair(
            first=own[one][0] if is_same else columns.add(counts[one]["right"] * shared),
            second=own[two][0] if is_same else columns.add(counts[two]["right"] * shared),
            shared=own[one][1] if is_same else columns.add(shared),
            cases=int(np.count_nonzero(shared)),
            discordant=(
                int(np.count_nonzero(strict[0] & ~strict[1])),
                int(np.count_nonzero(strict[1] & ~strict[0])),
            ),
        )
    return planned


def compared(
    planned: Mapping[str, Mapping[Pair, PlannedPair]], columns: WholeColumns, sums: Sums, seed: int
) -> dict[str, dict[Pair, Comparison]]:
    """The comparisons by dimension, given the resampled sums of all columns; all see the same signs."""
    every = [pair for pairs in planned.values() for pair in pairs.values()]
    scored = sorted({place for pair in every for place in (pair.first, pair.second)})
    flipped = dict(zip(scored, columns.flipped(scored, _flips(columns.clusters), seed), strict=True))

    def comparison(pair: PlannedPair) -> Comparison:
        if not pair.cases:
            none = Undefined("no case is covered by both")
            return Comparison(0, none, none, none, none)
        totals = columns.totals(pair.first) - columns.totals(pair.second)
        return Comparison(
            cases=pair.cases,
            difference=float(totals.sum()) / (2 * pair.cases),
            interval=_interval(pair, columns, sums),
            p=exact_sign_flip_p(totals)
            if np.count_nonzero(totals) <= EXACT_UP_TO
            else drawn_sign_flip_p(totals, flipped[pair.first] - flipped[pair.second]),
            strict_p=mcnemar([[0, pair.discordant[0]], [pair.discordant[1], 0]]).p_exact,
        )

    return {
        dimension: {names: comparison(pair) for names, pair in pairs.items()}
        for dimension, pairs in planned.items()
    }


def _flips(clusters: int) -> int:
    return max(FLIPS, min(_MOST_FLIPS, _MOST_COINS // max(1, clusters)))


def _interval(pair: PlannedPair, columns: WholeColumns, sums: Sums) -> Maybe[Interval]:
    if np.count_nonzero(columns.totals(pair.shared)) < 2:
        return TOO_FEW_CLUSTERS
    return percentile_interval(quotient(sums[pair.first] - sums[pair.second], 2 * sums[pair.shared]))


def planned_race(panel: Panel, dimension: int, ranked: Sequence[int], columns: WholeColumns) -> list[int]:
    """The columns of every ranked judge's scores on the cases that all of them cover, then of these cases."""
    counts = [case_counts(panel, judge, dimension) for judge in ranked]
    shared: Codes = np.ones(len(panel.clusters), dtype=np.int8)
    for one in counts:
        shared = shared & one["cases"]
    return [columns.add(values) for values in (*(one["right"] * shared for one in counts), shared)]


def ranked_intervals(
    names: Sequence[str], race: Sequence[int], columns: WholeColumns, sums: Sums
) -> dict[str, Maybe[Interval]]:
    """The interval of each judge's rank; a tied judge shares the best of the tied ranks."""
    if np.count_nonzero(columns.totals(race[-1])) < 2:
        few = Undefined("fewer than two clusters are covered by all judges")
        return dict.fromkeys(names, few)
    return dict(zip(names, _ranks(sums[list(race[:-1])]), strict=True))


def _ranks(scores: Sums) -> Iterator[Interval]:
    for own in scores:
        ranks = 1 + (scores > own).sum(axis=0)
        low, high = np.quantile(ranks, [0.025, 0.975], method="inverted_cdf")
        yield Interval(float(low), float(high))
