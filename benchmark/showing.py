"""Leaderboards as pages and files show them: rounded figures, words where a figure does not exist."""

from collections.abc import Sequence
from typing import Any

from django.utils.safestring import SafeString

from benchmark.reporting import JudgeLine, SolverLine
from consilium.charts.drawing import Estimate, interval_chart
from consilium.statistics.intervals import Estimate as Measured
from consilium.statistics.intervals import Interval
from consilium.statistics.undefined import Maybe, Undefined

NONE = "\N{EN DASH}"


def percent(value: Maybe[float]) -> str:
    """A share as percent with one digit; a dash where it does not exist."""
    return NONE if isinstance(value, Undefined) else f"{100 * value:.1f}"


def interval(value: Maybe[Interval]) -> str:
    """An interval of shares as percent."""
    if isinstance(value, Undefined):
        return NONE
    return f"{100 * value.low:.0f}\N{EN DASH}{100 * value.high:.0f}"


def judge_table(lines: Sequence[JudgeLine]) -> list[dict[str, Any]]:
    """One row per judge: a cell per dimension, then invalid rate, consistency and so on of overall."""
    table = []
    for rank, line in enumerate(lines, start=1):
        overall = line.overall
        table.append(
            {
                "line": line,
                "rank": rank if line.is_complete else NONE,
                "cells": [_cell(row.accuracy, row.dimension) for row in line.rows],
                "invalid": percent(overall.invalid_rate),
                "tie": percent(overall.tie_rate),
                "consistency": percent(overall.position_consistency),
                "first": percent(overall.first_position_rate),
                "strict": percent(overall.strict.value),
                "cases": overall.cases,
                "coverage": percent(overall.coverage),
            }
        )
    return table


def solver_table(lines: Sequence[SolverLine], specialties: Sequence[str]) -> list[dict[str, Any]]:
    """One row per solver: accuracy with its interval, then one cell per specialty."""
    return [
        {
            "line": line,
            "rank": rank if line.is_complete else NONE,
            "accuracy": _cell(line.accuracy, "all"),
            "invalid": percent(line.invalid / line.asked if line.asked else Undefined("nothing asked")),
            "cells": [_share(line.by_specialty.get(name)) for name in specialties],
        }
        for rank, line in enumerate(lines, start=1)
    ]


def specialties_in(lines: Sequence[SolverLine]) -> list[str]:
    """Every specialty that some solver was asked about, sorted."""
    return sorted({name for line in lines for name in line.by_specialty})


def judge_chart(lines: Sequence[JudgeLine]) -> SafeString:
    """Overall accuracy of every complete judge with its interval; the dashed line is chance."""
    shown = [
        _estimate(line.evaluation.endpoint.name, line.overall.accuracy) for line in lines if line.is_complete
    ]
    return interval_chart(
        [one for one in shown if one],
        title="Overall accuracy of judges",
        x_label="share right",
        reference=0.5,
    )


def solver_chart(lines: Sequence[SolverLine]) -> SafeString:
    """Accuracy of every complete solver with its interval; the dashed line is a guess among four."""
    shown = [_estimate(line.evaluation.endpoint.name, line.accuracy) for line in lines if line.is_complete]
    return interval_chart(
        [one for one in shown if one],
        title="Accuracy on held-out questions",
        x_label="share right",
        reference=0.25,
    )


def _estimate(name: str, measured: Measured) -> Estimate | None:
    if isinstance(measured.value, Undefined):
        return None
    if isinstance(measured.interval, Undefined):
        return Estimate(name, measured.value)
    return Estimate(name, measured.value, measured.interval.low, measured.interval.high)


def _cell(measured: Measured, name: str) -> dict[str, str]:
    return {"name": name, "value": percent(measured.value), "interval": interval(measured.interval)}


def _share(counts: tuple[int, int] | None) -> str:
    return NONE if counts is None or not counts[1] else f"{100 * counts[0] / counts[1]:.1f}"
