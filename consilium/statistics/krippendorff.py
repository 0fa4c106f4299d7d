"""Krippendorff's alpha from ratings with missing values (Krippendorff 2011, Computing alpha-reliability)."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import numpy as np

from consilium.statistics.ratings import (
    Array,
    Ratings,
    as_square,
    categories_of,
    count_matrix,
    in_small_unit,
    ranked_categories,
    transpose,
)
from consilium.statistics.undefined import Maybe, Undefined


def alpha_nominal(ratings: Ratings) -> Maybe[float]:
    """Alpha of categories without an order; `ratings` are raters by items, None where missing.

    Undefined when no two ratings can be paired or when all pairable ratings are equal: expected
    disagreement is then zero and nothing can be said about reliability.
    """
    return _of_ratings(ratings, categories_of(ratings), "nominal")


def alpha_ordinal(ratings: Ratings, order: Sequence[Hashable] | None = None) -> Maybe[float]:
    """Alpha of ranked categories: numbers in their own order, texts in the one that is given.

    Raises:
        ValueError: texts without an order, or a rating that the order does not hold.
    """
    return _of_ratings(ratings, ranked_categories(ratings, order), "ordinal")


def alpha_interval(ratings: Ratings) -> Maybe[float]:
    """Alpha of measurements whose differences mean the same everywhere.

    Raises:
        ValueError: ratings that are not numbers.
    """
    return _of_ratings(ratings, _numbers(ratings), "interval")


def alpha_ratio(ratings: Ratings) -> Maybe[float]:
    """Alpha of measurements with a zero of their own.

    Raises:
        ValueError: ratings that are not numbers, or negative ones.
    """
    return _of_ratings(ratings, _numbers(ratings), "ratio")


def alpha_of_table(
    table: Sequence[Sequence[float]] | Array, level: str, values: Sequence[float] | None = None
) -> Maybe[float]:
    """Alpha of two raters from their table; `values` are the categories' measurements, in its order.

    Raises:
        ValueError: not square, or a level of measurements without one value per category.
    """
    counts = as_square(table)
    return alpha_of_coincidences(counts + counts.T, level, values)


def alpha_of_coincidences(
    coincidences: Array, level: str, values: Sequence[float] | None = None
) -> Maybe[float]:
    """Alpha from the symmetric matrix of coincidences: pairs of one item's ratings, by category.

    Raises:
        ValueError: not a symmetric matrix of at least zero, an unknown level, or values that do not fit.
    """
    pairs = np.asarray(coincidences, dtype=np.float64)
    if pairs.ndim != 2 or pairs.shape[0] != pairs.shape[1] or not np.allclose(pairs, pairs.T):
        raise ValueError("Coincidences form a symmetric matrix.")
    if not np.isfinite(pairs).all() or (pairs < 0).any():
        raise ValueError("Coincidences are not negative.")
    if level not in _METRICS:
        raise ValueError(f"The level is {', '.join(_METRICS)}, not {level!r}.")
    totals = pairs.sum(axis=0)
    if totals.sum() == 0:
        return Undefined("no item has two or more ratings")
    distance = _METRICS[level](totals, _measured(values, len(totals), level))
    expected = float(totals @ distance @ totals)
    if expected == 0.0:
        return Undefined("all ratings are equal, so expected disagreement is zero")
    return 1.0 - (float(totals.sum()) - 1.0) * float((pairs * distance).sum()) / expected


def _of_ratings(ratings: Ratings, categories: list[Any], level: str) -> Maybe[float]:
    counts = count_matrix(transpose(ratings), categories)
    counts = counts[counts.sum(axis=1) >= 2]
    # Every pair of ratings of one item, a rating with itself left out, weighted 1 / (its ratings - 1).
    weighted = counts / (counts.sum(axis=1, keepdims=True) - 1.0)
    pairs = counts.T @ weighted - np.diag(weighted.sum(axis=0))
    values = categories if level in _MEASURED else None
    return alpha_of_coincidences((pairs + pairs.T) / 2.0, level, values)


def _numbers(ratings: Ratings) -> list[Any]:
    values = categories_of(ratings)
    if any(isinstance(value, str | bool) for value in values):
        raise ValueError("This level takes numbers.")
    return values


def _measured(values: Sequence[float] | None, categories: int, level: str) -> Array:
    if level not in _MEASURED:
        return np.zeros(categories)
    if values is None or len(values) != categories:
        raise ValueError(f"The level {level} needs the value of every category.")
    measured = np.asarray(values, dtype=np.float64)
    if not np.isfinite(measured).all():
        raise ValueError("A value is not a number.")
    return in_small_unit(measured)


def _nominal(totals: Array, _: Array) -> Array:
    return 1.0 - np.eye(len(totals))


def _ordinal(totals: Array, _: Array) -> Array:
    """Squared ordinal distance: ratings from category c to k, each end counted half."""
    middle = np.cumsum(totals) - totals / 2.0
    return np.asarray((middle[:, None] - middle[None, :]) ** 2)


def _interval(_: Array, values: Array) -> Array:
    return np.asarray((values[:, None] - values[None, :]) ** 2)


def _ratio(_: Array, values: Array) -> Array:
    if (values < 0).any():
        raise ValueError("The ratio level takes no negative number.")
    sums = values[:, None] + values[None, :]
    gaps = values[:, None] - values[None, :]
    return np.asarray(np.divide(gaps, sums, out=np.zeros_like(gaps), where=sums > 0) ** 2)


_METRICS: Final[dict[str, Callable[[Array, Array], Array]]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
    "ratio": _ratio,
}
_MEASURED: Final = ("interval", "ratio")
