"""Agreement of two raters from their square table: Cohen's kappa, PABAK, and the coefficients of counts."""

from collections.abc import Sequence

import numpy as np

from consilium.statistics.coefficients import Coefficient
from consilium.statistics.ratings import Array, as_counts
from consilium.statistics.undefined import Maybe, Undefined

EMPTY = Undefined("the table is empty")


def cohen_kappa(table: Sequence[Sequence[float]]) -> Maybe[float]:
    """Cohen's kappa (Cohen 1960, Educ Psychol Meas 20:37), rows one rater, columns the other.

    Undefined when both raters use one and the same category throughout.

    Raises:
        ValueError: the table is not square.
    """
    square = _square(table)
    total = square.sum()
    if total == 0:
        return EMPTY
    observed = np.trace(square) / total
    expected = float(square.sum(axis=1) @ square.sum(axis=0)) / total**2
    if expected >= 1.0:
        return Undefined("both raters use one and the same category, so chance agreement is complete")
    return float((observed - expected) / (1.0 - expected))


def pabak(table: Sequence[Sequence[float]]) -> Maybe[float]:
    """Prevalence- and bias-adjusted kappa, (q p - 1) / (q - 1) (Byrt 1993, J Clin Epidemiol 46:423)."""
    square = _square(table)
    categories = len(square)
    if categories < 2:
        return Undefined("there is only one category")
    if square.sum() == 0:
        return EMPTY
    observed = float(np.trace(square) / square.sum())
    return (categories * observed - 1.0) / (categories - 1.0)


def of_table(coefficient: Coefficient, table: Sequence[Sequence[float]]) -> Maybe[float]:
    """A coefficient of counts per item, AC1 for example, for two raters' table."""
    square = _square(table)
    unit = np.eye(len(square))
    patterns = (unit[:, None, :] + unit[None, :, :]).reshape(square.size, len(square))
    return coefficient.of(patterns, repeats=square.ravel())


def _square(table: Sequence[Sequence[float]]) -> Array:
    counts = as_counts(table)
    if counts.shape[0] != counts.shape[1]:
        raise ValueError("The table of two raters must be square.")
    return counts
