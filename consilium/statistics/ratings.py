"""Ratings and the counts that the agreement coefficients are made of."""

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Rating: TypeAlias = Hashable | None


def count_matrix(items: Sequence[Sequence[Rating]], categories: Sequence[Hashable]) -> Array:
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


def observed_categories(ratings: Sequence[Sequence[Rating]]) -> list[Any]:
    """The categories that occur, sorted by value where they compare, else by their text.

    Raises:
        ValueError: NaN among the ratings; a missing rating is None.
    """
    seen = {rating for row in ratings for rating in row if rating is not None}
    if any(rating != rating for rating in seen):
        raise ValueError("NaN is not a rating; write a missing rating as null.")
    try:
        return sorted(seen)
    except TypeError:
        return sorted(seen, key=lambda rating: (type(rating).__name__, str(rating)))


def transpose(ratings: Sequence[Sequence[Rating]]) -> list[list[Rating]]:
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
        ValueError: not a rectangle of whole numbers of at least zero.
    """
    try:
        table = np.asarray(counts, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("The counts must form a rectangle of numbers.") from None
    if (
        table.ndim != 2
        or not np.isfinite(table).all()
        or (table < 0).any()
        or (table != np.round(table)).any()
    ):
        raise ValueError("The counts must form a rectangle of whole numbers, none negative.")
    return table
