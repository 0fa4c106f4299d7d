"""Adjustment of several p-values. A missing one, None, stays missing and does not count as a test."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from consilium.statistics.ratings import Array

P = TypeVar("P", float, float | None)


def benjamini_hochberg(p: Sequence[P]) -> list[P]:
    """Adjusted p-values that control the false discovery rate (Benjamini & Hochberg 1995, JRSS B 57:289)."""
    return _adjusted(p, _step_up)


def benjamini_yekutieli(p: Sequence[P]) -> list[P]:
    """The same for tests that depend on each other in any way (2001, Annals of Statistics 29:1165)."""
    return _adjusted(p, lambda ranked: _step_up(ranked) * (1.0 / np.arange(1, len(ranked) + 1)).sum())


def holm(p: Sequence[P]) -> list[P]:
    """Adjusted p-values that control the family-wise error (Holm 1979, Scand J Statist 6:65)."""
    return _adjusted(p, lambda ranked: np.maximum.accumulate(ranked * np.arange(len(ranked), 0, -1)))


def bonferroni(p: Sequence[P]) -> list[P]:
    """Each p-value times their number, at most 1."""
    return _adjusted(p, lambda ranked: ranked * len(ranked))


def rejected(adjusted: Sequence[float | None], alpha: float = 0.05) -> int:
    """How many hypotheses an adjusted list rejects at level `alpha`."""
    return sum(value is not None and value <= alpha for value in adjusted)


def _adjusted(p: Sequence[P], adjust: Callable[[Array], Array]) -> list[P]:
    """What `adjust` makes of the p-values in rising order, at most 1, in the order in which they came."""
    places = [place for place, value in enumerate(p) if value is not None]
    values = np.asarray([value for value in p if value is not None], dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("P-values lie between 0 and 1.")
    order = np.argsort(values, kind="stable")
    result: list[Any] = [None] * len(p)
    for place, value in zip(order, np.minimum(adjust(values[order]), 1.0), strict=True):
        result[places[place]] = float(value)
    return result


def _step_up(ranked: Array) -> Array:
    scaled = ranked * len(ranked) / np.arange(1, len(ranked) + 1)
    return np.asarray(np.minimum.accumulate(scaled[::-1])[::-1])
