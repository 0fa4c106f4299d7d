"""How much a pair of categories counts as agreement in a weighted coefficient."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from consilium.statistics.ratings import Array, in_small_unit


def agreement_weights(kind: str, values: Sequence[float]) -> Array:
    """Weights between 0 and 1 for every pair of categories, 1 for a category with itself.

    Args:
        kind: unweighted, linear, quadratic (Cohen 1968, Psychol Bull 70:213) or ordinal (Gwet 2014).
        values: what the categories measure, or their ranks; ordinal weights take their order alone.

    Raises:
        ValueError: an unknown kind, or values that are not distinct numbers.
    """
    if kind not in _KINDS:
        raise ValueError(f"Weights are {', '.join(_KINDS)}, not {kind!r}.")
    measured = np.asarray(values, dtype=np.float64)
    if measured.ndim != 1 or not np.isfinite(measured).all() or len(np.unique(measured)) != len(measured):
        raise ValueError("The values of the categories are distinct numbers.")
    if len(measured) < 2:
        return np.eye(len(measured))
    return _KINDS[kind](measured)


def _spread(values: Array) -> Array:
    scaled = in_small_unit(values)
    return np.asarray(np.abs(scaled[:, None] - scaled[None, :]) / (scaled.max() - scaled.min()))


def _ordinal(values: Array) -> Array:
    """1 minus the pairs of ranks between two categories, as a share of the pairs between the outermost."""
    ranks = np.argsort(np.argsort(values)).astype(np.float64)
    apart = np.abs(ranks[:, None] - ranks[None, :])
    pairs = apart * (apart + 1) / 2
    return np.asarray(1.0 - pairs / pairs.max())


_KINDS: Final[dict[str, Callable[[Array], Array]]] = {
    "unweighted": lambda values: np.eye(len(values)),
    "linear": lambda values: 1.0 - _spread(values),
    "quadratic": lambda values: 1.0 - _spread(values) ** 2,
    "ordinal": _ordinal,
}
