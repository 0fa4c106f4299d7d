"""Differences between two judges or models that were scored on the same items."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from consilium.statistics.bootstrap import REPLICATES, SEED, ClusterWeights, coin_blocks, percentile_interval
from consilium.statistics.intervals import Interval, normal_quantile
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

EXACT_UP_TO = 14


@dataclass(frozen=True)
class PairedDifference:
    """Difference of two paired proportions: analytic standard error and Wald interval, bootstrap interval."""

    difference: float
    analytic_se: float
    wald: Interval
    bootstrap: Interval


def difference_of_proportions(
    *,
    both_right: int,
    only_first_right: int,
    only_second_right: int,
    both_wrong: int,
    level: float = 0.95,
    replicates: int = 20_000,
    seed: int = SEED,
) -> Maybe[PairedDifference]:
    """Accuracy of the first minus the second, from the four counts of one pair of judges.

    Standard error of a mean of paired differences; the bootstrap resamples items, which keeps the pairs.
    """
    cells = np.array([both_right, only_first_right, only_second_right, both_wrong])
    n = int(cells.sum())
    if (cells < 0).any():
        raise ValueError("Counts are not negative.")
    if n == 0:
        return Undefined("no items")
    difference = float(cells[1] - cells[2]) / n
    variance = float(cells[1] + cells[2]) / n - difference**2
    se = math.sqrt(max(variance, 0.0) / n)
    half = normal_quantile(level) * se
    draws = np.random.default_rng(seed).multinomial(n, cells / n, size=replicates)
    bootstrap = percentile_interval((draws[:, 1] - draws[:, 2]) / n, level)
    if isinstance(bootstrap, Undefined):
        return bootstrap
    return PairedDifference(difference, se, Interval(difference - half, difference + half), bootstrap)


def mean_difference_interval(
    first: Sequence[float], second: Sequence[float], weights: ClusterWeights, level: float = 0.95
) -> Maybe[Interval]:
    """Cluster-bootstrap interval of the mean difference; both scores of an item move together."""
    differences = _differences(first, second)
    features = np.column_stack([differences, np.ones(len(differences))])
    return weights.interval(features, lambda sums: np.asarray(sums[..., 0] / sums[..., 1]), level)


def sign_flip_p(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Sequence[Hashable],
    replicates: int = 5 * REPLICATES,
    seed: int = SEED,
) -> Maybe[float]:
    """Two-sided p-value of the cluster sign-flip test of equal means (Fisher's randomisation).

    Exact over all sign patterns up to 14 differing clusters; beyond, (1 + hits) / (1 + replicates).
    """
    differences = _differences(first, second)
    if len(clusters) != len(differences):
        raise ValueError("Every item needs its cluster.")
    if not len(differences):
        return Undefined("no items")
    sums: dict[Hashable, float] = {}
    for cluster, difference in zip(clusters, differences, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + float(difference)
    totals = np.array(list(sums.values()))
    if np.count_nonzero(totals) <= EXACT_UP_TO:
        return exact_sign_flip_p(totals)
    blocks = coin_blocks(len(totals), replicates, seed)
    flipped = np.concatenate([2.0 * (heads @ totals) - totals.sum() for heads in blocks])
    return drawn_sign_flip_p(totals, flipped)


def exact_sign_flip_p(totals: npt.NDArray[Any]) -> float:
    """The test's p-value over every pattern of signs, from the differences per cluster; up to EXACT_UP_TO."""
    differing = totals[totals != 0]
    patterns = np.array(list(product((-1, 1), repeat=len(differing)))).reshape(
        2 ** len(differing), len(differing)
    )
    return float(np.mean(np.abs(patterns @ differing) >= _observed(totals)))


def drawn_sign_flip_p(totals: npt.NDArray[Any], flipped: npt.NDArray[Any]) -> float:
    """The test's p-value from the differences' sums under drawn signs."""
    return float((1 + np.count_nonzero(np.abs(flipped) >= _observed(totals))) / (1 + len(flipped)))


def _observed(totals: npt.NDArray[Any]) -> float:
    """The sum of the differences, less what rounding may make of it."""
    return abs(float(totals.sum())) - 1e-9


def _differences(first: Sequence[float], second: Sequence[float]) -> Array:
    if len(first) != len(second):
        raise ValueError("Both need a score for every item.")
    scores = np.asarray([first, second], dtype=np.float64).reshape(2, -1)
    if not (np.abs(scores) < 1e150).all():
        raise ValueError("Every score is a number, none is missing.")
    return np.asarray(scores[0] - scores[1])
