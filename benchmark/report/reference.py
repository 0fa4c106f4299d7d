"""The result table of the published benchmark's own scripts: each judge's share of right letters by organ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmark.report.frame import ReportFrame
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.panel import MISSING

HEAD: Final = ("modality", "model", *(f"{name}_acc" for name in DIMENSIONS))


@dataclass(frozen=True)
class ReferenceRow:
    """One judge in one organ system: by dimension the share of right letters, rounded to four digits."""

    modality: str
    cases: int
    accuracy: list[float]


def reference_rows(frame: ReportFrame) -> dict[str, list[ReferenceRow]]:
    """Every evaluation's rows, by the reference method: stored order alone, all but the label's letter wrong.

    Over the cases that the layout can hold, so that its label files give the same figures. A judge that lacks
    a reply to one of them has no row: to the reference method that would be a wrong answer.
    """
    return {
        key: list(_rows(frame, judge)) if _has_all(frame, judge) else []
        for judge, key in enumerate(frame.panel.judges)
        if key in frame.evaluations
    }


def reference_table(model: str, rows: Sequence[ReferenceRow]) -> list[list[Any]]:
    """The rows of one judge as they are written, under HEAD."""
    return [[row.modality, model, *row.accuracy] for row in rows]


def _has_all(frame: ReportFrame, judge: int) -> bool:
    forward, _ = frame.panel.stated(judge, 0)
    return bool((forward[frame.publishable] != MISSING).all())


def _rows(frame: ReportFrame, judge: int) -> Iterator[ReferenceRow]:
    organs = np.array(frame.facets["organ_system"], dtype=np.str_)
    forward = [frame.panel.stated(judge, place)[0] for place in range(len(DIMENSIONS))]
    for organ in np.unique(organs[frame.publishable]):
        chosen = frame.publishable & (organs == organ)
        cases = int(np.count_nonzero(chosen))
        right = [
            int(np.count_nonzero(chosen & (said == labels)))
            for said, labels in zip(forward, frame.panel.labels, strict=True)
        ]
        yield ReferenceRow(str(organ), cases, [round(one / cases, 4) for one in right])
