"""Adjustment of several p-values."""

from collections.abc import Sequence

import numpy as np

from consilium.statistics.ratings import Array


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p-values that control the false discovery rate (Benjamini & Hochberg 1995, JRSS B 57:289)."""
    values, order = _sorted(p)
    count = len(values)
    scaled = values * count / np.arange(1, count + 1)
    return _unsorted(np.minimum.accumulate(scaled[::-1])[::-1], order)


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values that control the family-wise error (Holm 1979, Scand J Statist 6:65)."""
    values, order = _sorted(p)
    count = len(values)
    return _unsorted(np.maximum.accumulate(values * np.arange(count, 0, -1)), order)


def bonferroni(p: Sequence[float]) -> list[float]:
    """Each p-value times their number, at most 1."""
    values, order = _sorted(p)
    return _unsorted(values * len(values), order)


def rejected(adjusted: Sequence[float], alpha: float = 0.05) -> int:
    """How many hypotheses an adjusted list rejects at level `alpha`."""
    return sum(value <= alpha for value in adjusted)


def _sorted(p: Sequence[float]) -> tuple[Array, list[int]]:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("P-values lie between 0 and 1.")
    order = np.argsort(values, kind="stable")
    return values[order], order.tolist()


def _unsorted(adjusted: Array, order: list[int]) -> list[float]:
    result = np.empty(len(order))
    result[order] = np.minimum(adjusted, 1.0)
    return [float(value) for value in result]
