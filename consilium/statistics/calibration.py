"""How well stated confidence matches being right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consilium.statistics.bootstrap import Places
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined


@dataclass(frozen=True)
class Calibration:
    """Expected calibration error and Brier score, both 0 (best) to 1."""

    ece: float
    brier: float


@dataclass(frozen=True)
class ReliabilityBin:
    """The items of one bin: how many, how confident on average, and which share was right."""

    low: float
    high: float
    items: int
    confidence: float
    correct: float


def calibration(
    confidence: Sequence[float],
    correct: Sequence[float],
    *,
    bins: int = 10,
    bin_range: tuple[float, float] = (0.5, 1.0),
    right_closed: bool = True,
) -> Maybe[Calibration]:
    """ECE over equal-width bins (Naeini et al. 2015, AAAI) and Brier score (Brier 1950).

    The outer edges belong to the outer bins whichever side is closed.

    Raises:
        ValueError: lengths differ, a confidence outside `bin_range`, an outcome that is not 0 to 1, no bin or
            more than 100,000, or an empty range.
    """
    stated, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    _check(stated, right, bins, bin_range)
    if not len(stated):
        return Undefined("no confidences")
    places = _places(stated, bins, bin_range, right_closed=right_closed)
    gaps = np.bincount(places, weights=stated - right, minlength=bins)
    return Calibration(float(np.abs(gaps).sum() / len(stated)), float(np.mean((stated - right) ** 2)))


def reliability(
    confidence: Sequence[float],
    correct: Sequence[float],
    *,
    bins: int = 10,
    bin_range: tuple[float, float] = (0.5, 1.0),
) -> list[ReliabilityBin]:
    """The bins of `calibration` that hold something, rising: its ECE is the mean of their gaps by items.

    Raises:
        ValueError: as `calibration`.
    """
    stated, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    _check(stated, right, bins, bin_range)
    places = _places(stated, bins, bin_range, right_closed=True)
    edges = np.linspace(*bin_range, bins + 1)
    return [
        ReliabilityBin(
            low=round(float(edges[place]), 12),
            high=round(float(edges[place + 1]), 12),
            items=int(np.count_nonzero(places == place)),
            confidence=float(stated[places == place].mean()),
            correct=float(right[places == place].mean()),
        )
        for place in np.unique(places)
    ]


def _check(stated: Array, right: Array, bins: int, bin_range: tuple[float, float]) -> None:
    low, high = bin_range
    if len(stated) != len(right):
        raise ValueError("Every confidence needs its outcome.")
    if not ((right >= 0) & (right <= 1)).all():
        raise ValueError("Every outcome lies between 0 and 1.")
    if not 1 <= bins <= 100_000 or not low < high:
        raise ValueError("One to 100,000 bins and a range of positive width are needed.")
    if not ((stated >= low) & (stated <= high)).all():
        raise ValueError(f"A confidence lies outside the range {low} to {high}.")


def _places(stated: Array, bins: int, bin_range: tuple[float, float], *, right_closed: bool) -> Places:
    edges = np.linspace(*bin_range, bins + 1)[1:-1]
    # A confidence written 0.8 must fall with the edge computed as 0.8000000000000002.
    return np.searchsorted(
        np.round(edges, 12), np.round(stated, 12), side="left" if right_closed else "right"
    )
