"""The curves of a GBA run by paradigm: one small chart for each, all of a row on the same axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

from consilium.answers.paradigms import PARADIGMS
from consilium.ui.charts import Series, line_chart
from training.curves import Step, points_of, steps_of
from training.job.spec import NEUTRAL
from training.models import Run, Stage

POINTS: Final = 60
WIDTH: Final = 280
HEIGHT: Final = 170


@dataclass(frozen=True, slots=True)
class RowKind:
    """A row of charts: figures (by their names behind the paradigm) with words, and the axis of all."""

    title: str
    unit: str
    figures: dict[str, str]
    top: float
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class CurveRow:
    """A row as it is shown."""

    title: str
    note: str
    charts: list[SafeString]


ROWS: Final = (
    RowKind(
        "Reward and its parts",
        "mean",
        {"reward/mean": "Reward", "accuracy/mean": "Right", "format/mean": "In the format"},
        1.5,
    ),
    RowKind("Judge's score", "mean, from 1 to 5", {"judge/mean": "Score"}, 5.0),
    RowKind("Advantage", "mean", {"advantage/mean": "Advantage"}, 1.0, -1.0),
    RowKind(
        "Spread",
        "standard deviation",
        {"reward/std": "Reward", "advantage/std": "Advantage", "judge/std": "Judge's score"},
        1.0,
    ),
    RowKind(
        "Zeros",
        "share of the answers; nothing is learned from one without an advantage",
        {"reward/zero": "No reward", "advantage/zero": "No advantage"},
        1.0,
    ),
)


def paradigm_curves(run: Run) -> list[CurveRow]:
    """The rows of which anything was reported; none for another stage than GBA."""
    if run.stage != Stage.GBA:
        return []
    steps = steps_of(run, POINTS)
    rows = (_row(kind, steps, float(run.job.progress_total)) for kind in ROWS)
    return [row for row in rows if row.charts]


def _row(kind: RowKind, steps: Sequence[Step], last_step: float) -> CurveRow:
    drawn = {name: _lines(kind, steps, name) for name in (*PARADIGMS, NEUTRAL)}
    drawn = {name: lines for name, lines in drawn.items() if lines}
    # One axis for the row, which also holds what went beyond it.
    values = [y for lines in drawn.values() for line in lines for _, y in line.points]
    reach = (last_step, max([kind.top, *values]))
    floor = min([kind.floor, *values])
    charts = [
        line_chart(
            lines,
            title=name.capitalize(),
            x_label="step",
            y_label="",
            width=WIDTH,
            height=HEIGHT,
            reach=reach,
            floor=floor,
        )
        for name, lines in drawn.items()
    ]
    return CurveRow(kind.title, kind.unit, charts)


def _lines(kind: RowKind, steps: Sequence[Step], paradigm: str) -> list[Series]:
    lines = [Series(word, points_of(steps, f"{paradigm}/{figure}")) for figure, word in kind.figures.items()]
    return [line for line in lines if line.points]
