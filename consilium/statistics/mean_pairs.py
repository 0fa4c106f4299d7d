"""Models against each other by the mean of a score on the same items, all pairs from shared draws."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from consilium.statistics.bootstrap import (
    REPLICATES,
    SEED,
    TOO_FEW_CLUSTERS,
    ClusterWeights,
    coin_blocks,
    percentile_interval,
)
from consilium.statistics.intervals import Estimate
from consilium.statistics.judge_pairs import Pair
from consilium.statistics.paired import EXACT_UP_TO, drawn_sign_flip_p, exact_sign_flip_p
from consilium.statistics.ratings import Array


@dataclass(frozen=True)
class MeanComparison:
    """Mean of the first minus mean of the second with its interval; `p`: of the cluster sign-flip test."""

    difference: Estimate
    p: float


def compared_means(
    scores: Mapping[str, Array],
    clusters: Sequence[Hashable],
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[Pair, MeanComparison]:
    """Every pair of models, in their order; `scores`: name to a number for every item.

    Interval: paired cluster bootstrap. p: as `sign_flip_p`, exact up to 14 differing clusters, else from five
    signs a replicate. Holm's adjustment is the caller's, who knows what is one family.

    Raises:
        ValueError: no items, a model without a score for every item, or a score that is no number.
    """
    names, items = list(scores), len(clusters)
    if not items or any(len(scores[name]) != items for name in names):
        raise ValueError("There are items, and every model has a score for each.")
    table = np.array([scores[name] for name in names], dtype=np.float64).reshape(len(names), items).T
    if not np.isfinite(table).all():
        raise ValueError("Every score is a number, none is missing.")
    pairs = list(combinations(range(len(names)), 2))
    if not pairs:
        return {}
    weights = ClusterWeights(clusters, replicates, seed)
    draws = weights.sums(np.column_stack([table, np.ones(items)]))
    means, totals = draws[:, :-1] / draws[:, -1:], weights.totals(table)
    flipped = _flipped(totals, 5 * replicates, seed)

    def comparison(one: int, other: int) -> MeanComparison:
        apart = totals[:, one] - totals[:, other]
        drawn = means[:, one] - means[:, other]
        interval = percentile_interval(drawn) if weights.clusters > 1 else TOO_FEW_CLUSTERS
        return MeanComparison(
            difference=Estimate(float(apart.sum()) / items, interval),
            p=exact_sign_flip_p(apart)
            if np.count_nonzero(apart) <= EXACT_UP_TO
            else drawn_sign_flip_p(apart, flipped[:, one] - flipped[:, other]),
        )

    return {(names[i], names[j]): comparison(i, j) for i, j in pairs}


def _flipped(totals: Array, replicates: int, seed: int) -> Array:
    """The models' sums with a random sign for every cluster: (clusters, models) -> (replicates, models)."""
    halves = [heads @ totals for heads in coin_blocks(len(totals), replicates, seed)]
    return np.asarray(2.0 * np.concatenate(halves) - totals.sum(axis=0))
