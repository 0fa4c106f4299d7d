"""Ratings and the counts that the agreement coefficients are made of."""

import math
from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Rating: TypeAlias = Hashable | None
Ratings: TypeAlias = Sequence[Sequence[Rating]]


def count_matrix(items: Ratings, categories: Sequence[Hashable]) -> Array:
    """Count, for each item's ratings, how often each category occurs; None is a missing rating.

    Returns:
        float array (items, categories).

    Raises:
        ValueError: a rating that is not one of the categories, or a category given twice.
    """
    position = {category: index for index, category in enumerate(categories)}
    if len(position) != len(categories):
        raise ValueError("The categories must be distinct.")
    counts = np.zeros((len(items), len(categories)))
    for row, ratings in enumerate(items):
        for rating in ratings:
            if rating is None:
                continue
            if rating not in position:
                raise ValueError(f"Rating {rating!r} of item {row + 1} is not one of the categories.")
            counts[row, position[rating]] += 1
    return counts


def observed_categories(ratings: Ratings) -> list[Any]:
    """The categories that occur, sorted.

    Raises:
        ValueError: numbers beside texts, NaN, or a text that stands for a missing rating; that is None.
    """
    seen = {(_kind(rating), rating) for row in ratings for rating in row if rating is not None}
    kinds = sorted({kind for kind, _ in seen})
    if len(kinds) > 1:
        raise ValueError(f"The ratings mix {' and '.join(kinds)}; write them all in one way.")
    return sorted(rating for _, rating in seen)


def _kind(rating: Hashable) -> str:
    if isinstance(rating, bool):
        return "true or false"
    if isinstance(rating, int | float):
        if not math.isfinite(rating):
            raise ValueError(f"{rating} is not a rating; write a missing rating as null.")
        return "numbers"
    if not isinstance(rating, str):
        raise ValueError("A rating is a number, a text, or true or false.")
    if rating.strip().casefold() in ("", "nan"):
        raise ValueError(f"{rating!r} is not a rating; write a missing rating as null.")
    return "texts"


def categories_of(ratings: Ratings, order: Sequence[Hashable] | None = None) -> list[Any]:
    """The categories in `order`, which may hold some that do not occur; without it those that occur.

    Raises:
        ValueError: as `observed_categories`, or a rating that `order` does not hold.
    """
    seen = observed_categories(ratings)
    if order is None:
        return seen
    if outside := [rating for rating in seen if rating not in order]:
        raise ValueError(f"The order does not hold the rating {outside[0]!r}.")
    return list(order)


def ranked_categories(ratings: Ratings, order: Sequence[Hashable] | None = None) -> list[Any]:
    """As `categories_of`, from the lowest to the highest.

    Raises:
        ValueError: as `categories_of`, or texts without an order: the alphabet ranks nothing.
    """
    categories = categories_of(ratings, order)
    if order is None and any(isinstance(category, str) for category in categories):
        raise ValueError("Texts have no rank of their own; give their order, from the lowest to the highest.")
    return categories


def cross_table(ratings: Ratings, categories: Sequence[Hashable]) -> Array:
    """The square table of two raters' ratings, over the items that both rated: rows the first rater.

    Raises:
        ValueError: not two raters, or a rating that is not one of the categories.
    """
    if len(ratings) != 2:
        raise ValueError("This coefficient takes the ratings of two raters.")
    both = [item for item in transpose(ratings) if None not in item]
    first, second = (count_matrix([[item[place]] for item in both], categories) for place in (0, 1))
    return np.asarray(first.T @ second)


def transpose(ratings: Ratings) -> list[list[Rating]]:
    """Raters by items turned into items by raters.

    Raises:
        ValueError: the raters' rows have different lengths.
    """
    if len({len(row) for row in ratings}) > 1:
        raise ValueError("Every rater needs one entry per item; write a missing one as null.")
    return [list(column) for column in zip(*ratings, strict=True)]


def as_counts(counts: Sequence[Sequence[float]] | Array) -> Array:
    """Check and convert a table of counts (items, categories).

    Raises:
        ValueError: not a rectangle of whole numbers of at least zero, below 2 to the power of 53.
    """
    try:
        table = np.asarray(counts, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("The counts must form a rectangle of numbers.") from None
    if (
        table.ndim != 2
        or not np.isfinite(table).all()
        or (table < 0).any()
        or (table >= 2.0**53).any()
        or (table != np.round(table)).any()
    ):
        raise ValueError("The counts must form a rectangle of whole numbers, none negative.")
    return table


def as_square(table: Sequence[Sequence[float]] | Array) -> Array:
    """The table of two raters as counts.

    Raises:
        ValueError: as `as_counts`, or not square.
    """
    counts = as_counts(table)
    if counts.shape[0] != counts.shape[1]:
        raise ValueError("The table of two raters must be square.")
    return counts


def in_small_unit(values: Array) -> Array:
    """The values in a unit, a power of two, that makes each at most 1: no rounding, no overflow."""
    _, exponent = np.frexp(np.abs(values).max(initial=0.0))
    return np.asarray(np.ldexp(values, -exponent))


def quotient(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any]) -> Array:
    """Element by element; NaN where the denominator is zero."""
    exists = denominator > 1e-12
    # Whole numbers that were summed in single precision are divided in double.
    divisor = np.where(exists, denominator, 1.0).astype(np.float64)
    return np.where(exists, numerator / divisor, np.nan)
