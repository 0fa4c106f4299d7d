"""Slices of a release's cases: by what the release says of them, and by how readers and answers were."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.report.frame import FACETS, ReportFrame

Mask = npt.NDArray[np.bool_]
# Facet to value to the cases that have it.
Slices = dict[str, dict[str, Mask]]
NOT_STATED: Final = "not stated"


def slices_of(frame: ReportFrame) -> Slices:
    """Every facet that divides the cases; one with a single value says nothing that the whole does not.

    Unanimity and adjudication are those of the last dimension, overall. `length` divides at the median of
    both answers' characters together.
    """
    return {name: found for name, found in _facets(frame) if len(found) > 1}


def without_family(frame: ReportFrame, family: str) -> Mask:
    """The cases neither of whose answers a model of this family wrote."""
    return np.array([family not in pair for pair in frame.families], dtype=np.bool_)


def _facets(frame: ReportFrame) -> Iterator[tuple[str, dict[str, Mask]]]:
    for name in FACETS:
        values = np.array([value or NOT_STATED for value in frame.facets[name]], dtype=np.str_)
        yield name, {str(value): values == value for value in np.unique(values)}
    votes, has_label = frame.votes[-1], frame.panel.labels[-1] != 0
    is_read = has_label & (votes.sum(axis=1) > 1)
    yield "unanimity", _named(unanimous=is_read & (votes.min(axis=1) == 0), divided=votes.min(axis=1) > 0)
    decided = frame.adjudicated[-1]
    yield "adjudication", _named(adjudicated=decided, readers=has_label & ~decided)
    if len(frame.characters):
        is_long = frame.characters > np.median(frame.characters)
        yield "length", _named(shorter=~is_long, longer=is_long)


def _named(**masks: Mask) -> dict[str, Mask]:
    return {name: mask for name, mask in masks.items() if mask.any()}
