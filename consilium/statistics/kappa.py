"""Chance-corrected agreement of two raters from their square table; coefficients of counts for it."""

from collections.abc import Sequence

import numpy as np

from consilium.statistics.agreement_weights import agreement_weights
from consilium.statistics.coefficients import Coefficient
from consilium.statistics.ratings import Array, as_square
from consilium.statistics.undefined import Maybe, Undefined

Table = Sequence[Sequence[float]] | Array
EMPTY = Undefined("the table is empty")
CERTAIN = Undefined("chance agreement is complete: both raters use one and the same category")


def cohen_kappa(
    table: Table, weights: str = "unweighted", values: Sequence[float] | None = None
) -> Maybe[float]:
    """Cohen's kappa (Cohen 1960, Educ Psychol Meas 20:37; weighted 1968), rows one rater, columns the other.

    `weights` and `values` as in `agreement_weights`; without values the categories are ranked as they stand.
    Undefined when both raters use one and the same category throughout.

    Raises:
        ValueError: the table is not square, or unknown weights.
    """
    square = as_square(table)
    return _corrected(square, _outer(square.sum(axis=1), square.sum(axis=0)), weights, values)


def scott_pi(
    table: Table, weights: str = "unweighted", values: Sequence[float] | None = None
) -> Maybe[float]:
    """Scott's pi (Scott 1955, Public Opinion Quarterly 19:321): chance by the raters' common shares."""
    square = as_square(table)
    common = square.sum(axis=1) + square.sum(axis=0)
    return _corrected(square, _outer(common, common), weights, values)


def brennan_prediger(
    table: Table, weights: str = "unweighted", values: Sequence[float] | None = None
) -> Maybe[float]:
    """Brennan and Prediger's coefficient (1981, Educ Psychol Meas 41:687): every category equally likely."""
    square = as_square(table)
    if len(square) == 1:
        return Undefined("there is only one category")
    return _corrected(square, np.ones_like(square), weights, values)


def pabak(table: Table) -> Maybe[float]:
    """Prevalence- and bias-adjusted kappa (Byrt 1993, J Clin Epidemiol 46:423): Brennan-Prediger's."""
    return brennan_prediger(table)


def of_table(coefficient: Coefficient, table: Table) -> Maybe[float]:
    """A coefficient of counts per item, AC1 for example, for two raters' table."""
    square = as_square(table)
    unit = np.eye(len(square))
    patterns = (unit[:, None, :] + unit[None, :, :]).reshape(square.size, len(square))
    return coefficient.of(patterns, repeats=square.ravel())


def _outer(first: Array, second: Array) -> Array:
    return np.asarray(first[:, None] * second[None, :])


def _corrected(square: Array, by_chance: Array, weights: str, values: Sequence[float] | None) -> Maybe[float]:
    """(observed - expected) / (1 - expected), the cells of both tables weighted alike."""
    shares = range(len(square)) if values is None else values
    if len(shares) != len(square):
        raise ValueError("Every category needs one value.")
    worth = agreement_weights(weights, list(shares))
    total = float(square.sum())
    if total == 0.0:
        return EMPTY
    observed = float((square * worth).sum()) / total
    expected = float((by_chance * worth).sum()) / float(by_chance.sum())
    if 1.0 - expected < 1e-12:
        return CERTAIN
    return (observed - expected) / (1.0 - expected)
