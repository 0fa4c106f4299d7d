"""Differences between two judges or models that were scored on the same items."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from consilium.statistics.bootstrap import REPLICATES, SEED, ClusterWeights, percentile_interval
from consilium.statistics.intervals import Interval, normal_quantile
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

_EXACT_UP_TO = 14
_CELLS = 4_000_000  # drawn at a time
_CACHED_CELLS = 100_000  # multiplied at a time: what a core's cache holds


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
    return sign_flip_ps([np.array(list(sums.values()))], replicates, seed)[0]


def sign_flip_ps(totals: Sequence[Array], replicates: int = 5 * REPLICATES, seed: int = SEED) -> list[float]:
    """The test's p-value for each list of differences per cluster, all from one draw of signs.

    The signs of n clusters are the start of the same stream for every n, so each p-value is the one that
    its test alone gives.
    """
    differing = [total[total != 0.0] for total in totals]
    groups: dict[int, list[int]] = {}
    for place, total in enumerate(differing):
        groups.setdefault(len(total), []).append(place)
    signs = _signs(max(groups, default=0), replicates, seed)
    found: dict[int, float] = {}
    for clusters, places in groups.items():
        table = np.column_stack([differing[place] for place in places])
        found |= zip(places, _p_values(table, signs[: replicates * clusters], replicates), strict=True)
    return [found[place] for place in range(len(totals))]


def _signs(most: int, replicates: int, seed: int) -> npt.NDArray[np.int8]:
    """Signs for up to `most` clusters; none are needed where every pattern can be tried."""
    if most <= _EXACT_UP_TO:
        return np.empty(0, dtype=np.int8)
    generator = np.random.default_rng(seed)
    signs = np.empty(replicates * most, dtype=np.int8)
    for start in range(0, len(signs), _CELLS):
        part = signs[start : start + _CELLS]
        part[:] = 2 * generator.integers(2, size=len(part)) - 1
    return signs


def _p_values(table: Array, signs: npt.NDArray[np.int8], replicates: int) -> list[float]:
    """Of the columns of `table` (clusters, tests)."""
    observed = np.abs(table.sum(axis=0)) - 1e-9
    clusters = len(table)
    if clusters <= _EXACT_UP_TO:
        every = np.array(list(product((-1.0, 1.0), repeat=clusters)))
        return [float(share) for share in np.mean(np.abs(every @ table) >= observed, axis=0)]
    hits = np.zeros(table.shape[1])
    rows = max(1, _CACHED_CELLS // clusters)
    drawn = signs.reshape(replicates, clusters)
    for start in range(0, replicates, rows):
        flipped = np.abs(drawn[start : start + rows].astype(np.float64) @ table)
        hits += (flipped >= observed).sum(axis=0)
    return [float(share) for share in (1 + hits) / (1 + replicates)]


def _differences(first: Sequence[float], second: Sequence[float]) -> Array:
    if len(first) != len(second):
        raise ValueError("Both need a score for every item.")
    return np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
