"""The curves of runs: what steps report, over optimiser steps, from the stored events.

Their axes stand still while a run goes on: from step 0 to its last one, and from 0 to what the figure can
reach or has reached.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Max, QuerySet
from django.utils.safestring import SafeString

from consilium.people.models import Specialty
from consilium.ui.charts import HALF_WIDTH, Series, line_chart
from training.models import Run, RunEvent, Stage

POINTS = 400


@dataclass(frozen=True, slots=True)
class CurveKind:
    """A figure that steps report; `top`: where its axis ends, None: at the highest value.

    `is_rare`: few steps report it, so none of them is passed over.
    """

    name: str
    title: str
    unit: str
    top: float | None = None
    is_rare: bool = False


CURVES: Final = (
    CurveKind("loss", "Loss", "mean of each step"),
    CurveKind("reward", "Reward", "mean reward; 1.5 is right and well-formed", 1.5),
    CurveKind("accuracy/mean", "Right answers", "share of those drawn", 1.0),
    CurveKind("format/mean", "Answers in the format", "share of those drawn", 1.0),
    CurveKind("judge/mean", "Judge's score", "mean, from 1 to 5", 5.0),
    CurveKind(
        "judge/missing", "Answers without a score", "share of those that the judge was asked about", 1.0
    ),
    CurveKind("kl", "KL divergence", "from the start model"),
    CurveKind("length", "Length of answers", "mean tokens"),
    CurveKind("cut", "Answers cut at the limit", "share of those drawn", 1.0),
    CurveKind("clipped", "Clipped tokens", "share of all"),
    CurveKind("log_ratio", "Distance of the prompts", "mean |log ratio| of a token, in nats", is_rare=True),
    CurveKind("sample_share", "Effective sample size", "share of the answers drawn", 1.0, is_rare=True),
    CurveKind("lr", "Learning rate", "of each step"),
)
RARE: Final = tuple(kind.name for kind in CURVES if kind.is_rare)
DEV: Final = {f"dev/{value}": str(label) for value, label in Specialty.choices}
DEV_TITLE: Final = "Right answers to dev questions"

Step = tuple[float, dict[str, float]]


def curves(run: Run) -> list[SafeString]:
    """One chart per figure that the run has reported; a long run shows every n-th step."""
    return charts_of([(run, "")], run.job.progress_total)


def charts_of(runs: Sequence[tuple[Run, str]], last_step: int) -> list[SafeString]:
    """One chart per figure that any of the runs has reported, with a named line for each run.

    `last_step`: where the axis of steps ends; 0: with the steps so far.
    """
    told = [(name, steps_of(run), _rare_steps(run)) for run, name in runs]
    charts = []
    for kind in CURVES:
        lines = [
            Series(name or kind.title, points_of(rare if kind.is_rare else steps, kind.name))
            for name, steps, rare in told
        ]
        charts += _chart(kind, lines, last_step)
    lines = [
        Series(f"{label}, {name}" if name else label, points_of(rare, figure))
        for name, _, rare in told
        for figure, label in DEV.items()
    ]
    return charts + _chart(CurveKind("", DEV_TITLE, "share, by specialty", 1.0), lines, last_step)


def steps_of(run: Run, points: int = POINTS) -> list[Step]:
    """Step and figures of at most so many steps."""
    stored = RunEvent.objects.filter(run=run, kind="step", step__isnull=False)
    longest = stored.aggregate(last=Max("step"))["last"] or 0
    stride = 1 + longest // points
    return _read(stored.annotate(rest=F("step") % stride).filter(rest=0))


def points_of(steps: Iterable[Step], figure: str) -> list[tuple[float, float]]:
    """The values of one figure, where it was reported."""
    return [(step, float(data[figure])) for step, data in steps if figure in data]


def _rare_steps(run: Run) -> list[Step]:
    """Those steps that report what few report."""
    if run.stage != Stage.GBA:
        return []
    stored = RunEvent.objects.filter(run=run, kind="step", step__isnull=False)
    found = _read(stored.filter(data__has_any_keys=[*RARE, *DEV]))
    return found[:: 1 + len(found) // POINTS]


def _read(stored: "QuerySet[Any]") -> list[Step]:
    return [(float(step), data) for step, data in stored.order_by("step").values_list("step", "data")]


def _chart(kind: CurveKind, lines: Sequence[Series], last_step: int) -> list[SafeString]:
    """The chart, or nothing where there is no point."""
    drawn = [line for line in lines if line.points]
    if not drawn:
        return []
    top = max(y for line in drawn for _, y in line.points) if kind.top is None else kind.top
    chart = line_chart(
        drawn,
        title=kind.title,
        x_label="step",
        y_label=kind.unit,
        width=HALF_WIDTH,
        reach=(float(last_step), top),
    )
    return [chart]
