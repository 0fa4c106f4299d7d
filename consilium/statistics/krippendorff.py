"""Krippendorff's alpha from ratings with missing values (Krippendorff 2011, Computing alpha-reliability)."""

from collections.abc import Callable, Sequence

import numpy as np

from consilium.statistics.ratings import Array, Rating, count_matrix, observed_categories, transpose
from consilium.statistics.undefined import Maybe, Undefined


def alpha_nominal(ratings: Sequence[Sequence[Rating]]) -> Maybe[float]:
    """Alpha with the nominal metric; `ratings` are raters by items, None where missing.

    Undefined when no two ratings can be paired or when all pairable ratings are equal: expected
    disagreement is then zero and nothing can be said about reliability.
    """
    return _alpha(ratings, _nominal)


def alpha_ordinal(ratings: Sequence[Sequence[Rating]]) -> Maybe[float]:
    """Alpha with the ordinal metric; the ratings' natural order is the order of the categories.

    Raises:
        ValueError: the ratings do not compare with each other.
    """
    kinds = {isinstance(rating, str) for row in ratings for rating in row if rating is not None}
    if len(kinds) > 1:
        raise ValueError("Ordinal ratings must be all numbers or all text.")
    return _alpha(ratings, _ordinal)


def _alpha(ratings: Sequence[Sequence[Rating]], metric: Callable[[Array], Array]) -> Maybe[float]:
    categories = observed_categories(ratings)
    counts = count_matrix(transpose(ratings), categories)
    counts = counts[counts.sum(axis=1) >= 2]
    totals = counts.sum(axis=0)
    if totals.sum() == 0:
        return Undefined("no item has two or more ratings")
    distance = metric(totals)
    expected = float(totals @ distance @ totals)
    if expected == 0.0:
        return Undefined("all ratings are equal, so expected disagreement is zero")
    # Pairs of different ratings of one item, each weighted 1 / (ratings of the item - 1).
    weights = 1.0 / (counts.sum(axis=1) - 1.0)
    observed = float(np.einsum("ic,ck,ik,i->", counts, distance, counts, weights))
    return 1.0 - (float(totals.sum()) - 1.0) * observed / expected


def _nominal(totals: Array) -> Array:
    return 1.0 - np.eye(len(totals))


def _ordinal(totals: Array) -> Array:
    """Squared ordinal distance: ratings from category c to k, each end counted half."""
    middle = np.cumsum(totals) - totals / 2.0
    return np.asarray((middle[:, None] - middle[None, :]) ** 2)
