"""Correlation of two lists: Pearson's r with its bootstrap error, Kendall's tau-b."""

import math
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.bootstrap import REPLICATES, SEED, weight_blocks
from consilium.statistics.ratings import Array, in_small_unit
from consilium.statistics.undefined import Maybe, Undefined

_CONSTANT = Undefined("a list with equal values only has no correlation")


@dataclass(frozen=True)
class PearsonCorrelation:
    """Pearson's r and the standard deviation of its bootstrap replicates."""

    r: Maybe[float]
    bootstrap_se: Maybe[float]


def pearson_correlation(
    x: Sequence[float], y: Sequence[float], replicates: int = REPLICATES, seed: int = SEED
) -> PearsonCorrelation:
    """Pearson's r; pairs are resampled (Efron & Tibshirani 1993, An Introduction to the Bootstrap).

    Raises:
        ValueError: lists of different lengths, what is not a number, or fewer than two replicates.
    """
    pairs = _pairs(x, y)
    if replicates < 2:
        raise ValueError("At least two replicates are needed.")
    if len(pairs) < 2:
        few = Undefined("fewer than two pairs")
        return PearsonCorrelation(few, few)
    # Centred first: sums of squares of large numbers would lose what distinguishes them.
    a, b = (in_small_unit(column - column.mean()) for column in in_small_unit(pairs.T))
    features = np.column_stack([a, b, a * a, b * b, a * b, np.ones(len(a))])
    value = float(_r(features.sum(axis=0)))
    if math.isnan(value):
        return PearsonCorrelation(_CONSTANT, _CONSTANT)
    drawn = np.concatenate([_r(block @ features) for block in weight_blocks(len(a), replicates, seed)])
    finite = drawn[np.isfinite(drawn)]
    if len(finite) < 0.95 * replicates:
        rare = Undefined("the correlation does not exist in more than 5 % of the bootstrap replicates")
        return PearsonCorrelation(value, rare)
    return PearsonCorrelation(value, float(finite.std(ddof=1)))


def kendall_tau_b(x: Sequence[float], y: Sequence[float]) -> Maybe[float]:
    """Kendall's tau-b (Kendall 1945, Biometrika 33:239): rank correlation with ties in both lists.

    Raises:
        ValueError: lists of different lengths, or what is not a number.
    """
    pairs = [(float(one), float(other)) for one, other in _pairs(x, y)]
    n = len(pairs)
    if n < 2:
        return Undefined("fewer than two pairs")
    every = n * (n - 1) // 2
    tied_x, tied_y = _tied(one for one, _ in pairs), _tied(other for _, other in pairs)
    if every in (tied_x, tied_y):
        return _CONSTANT
    discordant, seen = 0, list[float]()
    # By x, and by y within equal x: whatever came before with a larger y is then a discordant pair.
    for place, (_, value) in enumerate(sorted(pairs)):
        discordant += place - bisect_right(seen, value)
        insort(seen, value)
    concordant = every - tied_x - tied_y + _tied(pairs) - discordant
    return (concordant - discordant) / math.sqrt((every - tied_x) * (every - tied_y))


def _pairs(x: Sequence[float], y: Sequence[float]) -> Array:
    if len(x) != len(y):
        raise ValueError("Both lists need a value for every item.")
    pairs = np.asarray([x, y], dtype=np.float64).T.reshape(-1, 2)
    if not np.isfinite(pairs).all():
        raise ValueError("Every value is a number, none is missing.")
    return pairs


def _tied(values: Iterable[Hashable]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(values).values())


def _r(sums: Array) -> Array:
    """Of sums of x, y, xx, yy, xy and 1 in the last dimension; NaN where a list does not vary."""
    x, y, xx, yy, xy, n = np.moveaxis(sums, -1, 0)
    spread_x, spread_y = xx - x * x / n, yy - y * y / n
    varies = (spread_x > 1e-14 * xx) & (spread_y > 1e-14 * yy) & (xx > 0) & (yy > 0)
    scale = np.sqrt(np.where(varies, spread_x * spread_y, 1.0))
    return np.where(varies, np.clip((xy - x * y / n) / scale, -1.0, 1.0), np.nan)
