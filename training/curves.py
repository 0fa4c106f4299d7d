"""The curves of runs: loss, reward and learning rate over optimiser steps, from the stored events.

Their axes stand still while a run goes on: from step 0 to its last one, and from 0 to what the figure can
reach or has reached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import F, Max
from django.utils.safestring import SafeString

from consilium.ui.charts import HALF_WIDTH, Series, line_chart
from training.models import Run, RunEvent

POINTS = 400


@dataclass(frozen=True, slots=True)
class CurveKind:
    """A figure that steps report; `top`: where its axis ends, None: at the highest value."""

    name: str
    title: str
    unit: str
    top: float | None = None


CURVES: Final = (
    CurveKind("loss", "Loss", "mean of each step"),
    CurveKind("reward", "Reward", "mean reward; 1.5 is right and well-formed", 1.5),
    CurveKind("kl", "KL divergence", "from the start model"),
    CurveKind("lr", "Learning rate", "of each step"),
)


def curves(run: Run) -> list[SafeString]:
    """One chart per figure that the run has reported; a long run shows every n-th step."""
    return charts_of([(run, "")], run.job.progress_total)


def charts_of(runs: Sequence[tuple[Run, str]], last_step: int) -> list[SafeString]:
    """One chart per figure that any of the runs has reported, with a named line for each run.

    `last_step`: where the axis of steps ends; 0: with the steps so far.
    """
    told = [(name, _steps(run)) for run, name in runs]
    charts = []
    for kind in CURVES:
        lines = [
            Series(
                name or kind.title,
                [(step, float(data[kind.name])) for step, data in steps if kind.name in data],
            )
            for name, steps in told
        ]
        lines = [line for line in lines if line.points]
        if lines:
            top = max(y for line in lines for _, y in line.points) if kind.top is None else kind.top
            chart = line_chart(
                lines,
                title=kind.title,
                x_label="step",
                y_label=kind.unit,
                width=HALF_WIDTH,
                reach=(float(last_step), top),
            )
            charts.append(chart)
    return charts


def _steps(run: Run) -> list[tuple[float, dict[str, float]]]:
    stored = RunEvent.objects.filter(run=run, kind="step", step__isnull=False)
    longest = stored.aggregate(last=Max("step"))["last"] or 0
    stride = 1 + longest // POINTS
    thinned = stored.annotate(rest=F("step") % stride).filter(rest=0).order_by("step")
    return [(float(step or 0), data) for step, data in thinned.values_list("step", "data")]
