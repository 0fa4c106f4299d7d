"""Intraclass correlations: how much of the variance of ratings lies between the rated."""

from collections.abc import Sequence

import numpy as np

from consilium.statistics.ratings import Array, in_small_unit
from consilium.statistics.undefined import Maybe, Undefined

FORMS = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")


def intraclass_correlations(ratings: Sequence[Sequence[float]]) -> dict[str, Maybe[float]]:
    """The six forms of Shrout & Fleiss (1979, Psychological Bulletin 86:420); ratings are targets by judges.

    1: every target has judges of its own; 2: the judges are a sample; 3: they are all there are. k: of the
    judges' mean. A form is undefined where its variances cancel out.

    Raises:
        ValueError: not a rectangle of numbers; a missing rating has no place in an analysis of variance.
    """
    table = _rectangle(ratings)
    targets, judges = table.shape
    if targets < 2 or judges < 2:
        none = Undefined("fewer than two targets or two judges")
        return dict.fromkeys(FORMS, none)
    between, within, by_judge, residual = _mean_squares(table)
    spread = (by_judge - residual) / targets
    return {
        "ICC(1,1)": _ratio(between - within, between + (judges - 1) * within),
        "ICC(2,1)": _ratio(between - residual, between + (judges - 1) * residual + judges * spread),
        "ICC(3,1)": _ratio(between - residual, between + (judges - 1) * residual),
        "ICC(1,k)": _ratio(between - within, between),
        "ICC(2,k)": _ratio(between - residual, between + spread),
        "ICC(3,k)": _ratio(between - residual, between),
    }


def _rectangle(ratings: Sequence[Sequence[float]]) -> Array:
    try:
        table = np.asarray(ratings, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("The ratings must form a rectangle of numbers, none missing.") from None
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError("The ratings must form a rectangle of numbers, none missing.")
    return table


def _mean_squares(table: Array) -> tuple[float, float, float, float]:
    """Between targets, within targets, between judges, and what is left."""
    # With the smallest rating as zero the differences of large ratings stay exact.
    values = in_small_unit(in_small_unit(table) - in_small_unit(table).min())
    targets, judges = values.shape
    by_target, of_judge, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    between = judges * float(((by_target - mean) ** 2).sum()) / (targets - 1)
    within = float(((values - by_target[:, None]) ** 2).sum()) / (targets * (judges - 1))
    by_judge = targets * float(((of_judge - mean) ** 2).sum()) / (judges - 1)
    left = values - by_target[:, None] - of_judge[None, :] + mean
    return between, within, by_judge, float((left**2).sum()) / ((targets - 1) * (judges - 1))


def _ratio(numerator: float, denominator: float) -> Maybe[float]:
    if abs(denominator) < 1e-15:
        return Undefined("the ratings do not vary")
    return numerator / denominator
