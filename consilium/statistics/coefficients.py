"""Agreement of several raters from counts per item: percent agreement, unanimity, Fleiss, AC1, nominal alpha.

Each coefficient is a function of sums over items, so that one value and thousands of bootstrap replicates
come from the same few lines: `features` gives one row per item, `value` maps sums of rows to the coefficient.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.ratings import Array, as_counts, quotient
from consilium.statistics.undefined import Maybe, Undefined


@dataclass(frozen=True)
class Coefficient:
    """A coefficient as features per item, (items, q) -> (items, f), and a value of sums, (..., f) -> (...).

    `value` gives NaN where the coefficient does not exist; `undefined` says why.
    """

    features: Callable[[Array], Array]
    value: Callable[[Array], Array]
    undefined: str

    def of(self, counts: Sequence[Sequence[float]] | Array, repeats: Array | None = None) -> Maybe[float]:
        """The coefficient of a table of counts (items, categories), each row taken `repeats` times."""
        rows = self.features(as_counts(counts))
        sums = rows.sum(axis=0) if repeats is None else repeats @ rows
        value = float(self.value(sums))
        return Undefined(self.undefined) if np.isnan(value) else value


def _pairable(counts: Array) -> Array:
    return np.asarray(counts.sum(axis=1) >= 2, dtype=np.float64)


def _item_agreement(counts: Array) -> Array:
    """Share of agreeing pairs of ratings per item, 0 for items with fewer than two."""
    totals = counts.sum(axis=1)
    pairs = np.maximum(totals * (totals - 1), 1.0)
    return np.asarray((counts * (counts - 1)).sum(axis=1) / pairs)


def _agreement_features(counts: Array) -> Array:
    return np.column_stack([_item_agreement(counts), _pairable(counts)])


def _unanimity_features(counts: Array) -> Array:
    pairable = _pairable(counts)
    unanimous = (counts.max(axis=1, initial=0) == counts.sum(axis=1)).astype(np.float64)
    return np.column_stack([unanimous * pairable, pairable])


def _share(sums: Array) -> Array:
    return quotient(sums[..., 0], sums[..., 1])


def _fleiss_features(counts: Array) -> Array:
    pairable = _pairable(counts)
    return np.column_stack([_item_agreement(counts), pairable, counts * pairable[:, None]])


def _fleiss_value(sums: Array) -> Array:
    observed = _share(sums)
    totals = sums[..., 2:]
    shares = quotient(totals, totals.sum(axis=-1, keepdims=True))
    expected = (shares**2).sum(axis=-1)
    return quotient(observed - expected, 1.0 - expected)


def _ac_features(counts: Array, agreement: Array) -> Array:
    totals = counts.sum(axis=1)
    rated = (totals >= 1).astype(np.float64)
    shares = counts / np.maximum(totals, 1.0)[:, None]
    return np.column_stack([agreement, _pairable(counts), rated, shares])


def _ac_value(sums: Array, mean_weight: Array | float) -> Array:
    """`mean_weight`: the sum of the weights over all pairs of categories, per category."""
    observed = _share(sums)
    shares = quotient(sums[..., 3:], sums[..., 2:3])
    categories = sums.shape[-1] - 3
    if categories < 2:
        return np.full(observed.shape, np.nan)
    expected = mean_weight * (shares * (1.0 - shares)).sum(axis=-1) / (categories - 1)
    return quotient(observed - expected, 1.0 - expected)


def ac2(weights: Array) -> Coefficient:
    """Gwet's AC2 (Gwet 2014, Handbook of Inter-Rater Reliability) for weights of every pair of categories."""

    def features(counts: Array) -> Array:
        totals = counts.sum(axis=1)
        agreeing = (counts * (counts @ weights - 1.0)).sum(axis=1)
        return _ac_features(counts, np.asarray(agreeing / np.maximum(totals * (totals - 1), 1.0)))

    return Coefficient(features, lambda sums: _ac_value(sums, weights.sum() / len(weights)), _NO_AC)


def _alpha_features(counts: Array) -> Array:
    """Per item: its matching coincidences, then its pairable ratings per category."""
    pairable = _pairable(counts)
    others = np.maximum(counts.sum(axis=1) - 1.0, 1.0)
    matching = (counts * (counts - 1)).sum(axis=1) / others
    return np.column_stack([matching * pairable, counts * pairable[:, None]])


def _alpha_value(sums: Array) -> Array:
    totals = sums[..., 1:]
    n = totals.sum(axis=-1)
    observed = n - sums[..., 0]
    expected = n**2 - (totals**2).sum(axis=-1)
    return 1.0 - quotient((n - 1.0) * observed, expected)


_NO_PAIRS = "no item has two or more ratings"
_NO_AC = "no item has two or more ratings, or there is only one category"
_NO_VARIATION = "all ratings fall into one category, or no item has two, so chance agreement is complete"

PERCENT = Coefficient(_agreement_features, _share, _NO_PAIRS)
UNANIMITY = Coefficient(_unanimity_features, _share, _NO_PAIRS)
FLEISS = Coefficient(_fleiss_features, _fleiss_value, _NO_VARIATION)
AC1 = Coefficient(
    lambda counts: _ac_features(counts, _item_agreement(counts)), lambda sums: _ac_value(sums, 1.0), _NO_AC
)
ALPHA = Coefficient(_alpha_features, _alpha_value, _NO_VARIATION)


def percent_agreement(counts: Sequence[Sequence[float]] | Array) -> Maybe[float]:
    """Mean over items of the share of agreeing pairs of ratings; items with fewer than two are left out."""
    return PERCENT.of(counts)


def unanimity(counts: Sequence[Sequence[float]] | Array) -> Maybe[float]:
    """Share of the items with two or more ratings whose ratings all agree."""
    return UNANIMITY.of(counts)


def fleiss_kappa(counts: Sequence[Sequence[float]] | Array) -> Maybe[float]:
    """Fleiss' kappa (Fleiss 1971, Psychological Bulletin 76:378).

    With unequal numbers of ratings, items with fewer than two are left out and the category shares are
    taken over all remaining ratings. Undefined when these all fall into one category.
    """
    return FLEISS.of(counts)


def gwet_ac1(counts: Sequence[Sequence[float]] | Array) -> Maybe[float]:
    """Gwet's AC1 (Gwet 2008, Br J Math Stat Psychol 61:29); the columns are the possible categories.

    Observed agreement over items with two or more ratings, category shares over items with at least one.
    """
    return AC1.of(counts)


def alpha_nominal_of_counts(counts: Sequence[Sequence[float]] | Array) -> Maybe[float]:
    """Krippendorff's nominal alpha from counts; `krippendorff.alpha` takes ratings and other levels."""
    return ALPHA.of(counts)
