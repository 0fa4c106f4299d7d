"""Leaderboards as pages and files show them: rounded figures, words where a figure does not exist."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.safestring import SafeString

from benchmark.leaderboard import JudgeLine, SolverLine
from consilium.people.models import Specialty
from consilium.statistics.intervals import Estimate as Measured
from consilium.statistics.intervals import Interval
from consilium.statistics.judge_scores import JudgingRow
from consilium.statistics.undefined import Maybe, Undefined
from consilium.ui.charts import PlottedEstimate, interval_chart

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
# Of a dimension that a judge was not asked about.
NOT_SCORED = "not scored"


def percent(value: Maybe[float]) -> str:
    """A share as percent with one digit; a dash where it does not exist."""
    return NONE if isinstance(value, Undefined) else f"{100 * value:.1f}"


def interval(value: Maybe[Interval]) -> str:
    """An interval of shares as percent."""
    if isinstance(value, Undefined):
        return NONE
    return f"{100 * value.low:.0f}\N{EN DASH}{100 * value.high:.0f}"


def points(value: Maybe[float]) -> str:
    """A difference of shares in percentage points, with its sign."""
    return NONE if isinstance(value, Undefined) else f"{100 * value:+z.1f}".replace("-", MINUS)


def judge_table(lines: Sequence[JudgeLine]) -> list[dict[str, Any]]:
    """One row per judge: overall, then the other dimensions, then how it answered in overall."""
    table = []
    for position, line in enumerate(lines, start=1):
        overall = line.overall
        table.append(
            {
                "line": line,
                "rank": position if line.is_ranked else NONE,
                "rank_interval": _rank_interval(line.rank),
                "overall": _judge_cell(line, overall),
                "cells": [_judge_cell(line, row) for row in line.rows[:-1]],
                "strict": percent(overall.strict.value),
                "consistency": percent(overall.position_consistency),
                "first": percent(overall.first_position_rate),
                "invalid": percent(overall.invalid_rate),
                "tie": percent(overall.tie_rate),
                "cases": overall.cases,
                "coverage": percent(_coverage(line.verdicts, line.evaluation.expected_calls)),
            }
        )
    return table


def lead_table(lines: Sequence[JudgeLine]) -> list[dict[str, Any]]:
    """One row per ranked judge but the last: how far it is ahead of the next."""
    return [
        {
            "judge": line.evaluation.endpoint.name,
            "over": line.lead.over,
            "difference": _difference(line.lead.difference),
            "p": p_value(line.lead.p),
        }
        for line in lines
        if line.lead
    ]


def solver_table(lines: Sequence[SolverLine], specialties: Sequence[str]) -> list[dict[str, Any]]:
    """One row per solver: accuracy and what training added, with intervals, then a cell per specialty."""
    return [
        {
            "line": line,
            "rank": rank if line.is_ranked else NONE,
            "accuracy": _cell(line.accuracy, "all"),
            "asked": line.asked,
            "gain": _difference(line.gain) if line.gain else None,
            "base": line.evaluation.endpoint.provenance.get("base", ""),
            "invalid": percent(line.invalid / line.asked if line.asked else Undefined("nothing asked")),
            "coverage": percent(_coverage(line.answered, line.evaluation.expected_calls)),
            "cells": [_share(line.by_specialty.get(name)) for name in specialties],
        }
        for rank, line in enumerate(lines, start=1)
    ]


def specialty_label(name: str) -> str:
    """What people call a specialty."""
    return str(Specialty(name).label) if name in Specialty.values else name


def specialties_in(lines: Sequence[SolverLine]) -> list[str]:
    """Every specialty that some solver was asked about, sorted."""
    return sorted({name for line in lines for name in line.by_specialty})


def judge_chart(lines: Sequence[JudgeLine]) -> SafeString:
    """Overall accuracy of every complete judge with its interval; the dashed line is chance."""
    shown = [
        _estimate(line.evaluation.endpoint.name, line.overall.accuracy) for line in lines if line.is_ranked
    ]
    return interval_chart(
        [one for one in shown if one],
        title="Overall accuracy of judges",
        x_label="percent right",
        high=100,
        reference=50,
        show=_one_digit,
    )


def solver_chart(lines: Sequence[SolverLine], chance: float) -> SafeString:
    """Accuracy of every complete solver with its interval; the dashed line is a guess among the options."""
    shown = [_estimate(line.evaluation.endpoint.name, line.accuracy) for line in lines if line.is_ranked]
    return interval_chart(
        [one for one in shown if one],
        title="Accuracy on held-out questions",
        x_label="percent right",
        high=100,
        reference=100 * chance,
        show=_one_digit,
    )


def _rank_interval(bounds: Maybe[Interval]) -> str:
    if isinstance(bounds, Undefined):
        return ""
    low, high = round(bounds.low), round(bounds.high)
    return "" if low == high else f"{low}\N{EN DASH}{high}"


def _difference(measured: Measured) -> dict[str, str]:
    low_high = ""
    if not isinstance(measured.interval, Undefined):
        low_high = f"{points(measured.interval.low)} to {points(measured.interval.high)}"
    return {"value": points(measured.value), "interval": low_high}


def p_value(value: Maybe[float]) -> str:
    """A p-value with three digits."""
    if isinstance(value, Undefined):
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _coverage(answered: int, expected: int) -> Maybe[float]:
    return answered / expected if expected else Undefined("nothing to ask")


def _estimate(name: str, measured: Measured) -> PlottedEstimate | None:
    if isinstance(measured.value, Undefined):
        return None
    if isinstance(measured.interval, Undefined):
        return PlottedEstimate(name, 100 * measured.value)
    return PlottedEstimate(
        name, 100 * measured.value, 100 * measured.interval.low, 100 * measured.interval.high
    )


def _one_digit(value: float) -> str:
    return f"{value:.1f}"


def _judge_cell(line: JudgeLine, row: JudgingRow) -> dict[str, Any]:
    is_asked = line.evaluation.states(row.dimension)
    return {**_cell(row.accuracy, row.dimension), "cases": row.cases, "is_asked": is_asked}


def _cell(measured: Measured, name: str) -> dict[str, str]:
    return {"name": name, "value": percent(measured.value), "interval": interval(measured.interval)}


def _share(counts: tuple[int, int] | None) -> dict[str, str | int]:
    right, asked = counts or (0, 0)
    return {"value": percent(right / asked if asked else Undefined("nothing asked")), "asked": asked}


def moment(text: str) -> str:
    """A stored ISO time as pages write times; empty for any other text."""
    try:
        stored = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        stored = None
    return date_format(stored, "j F Y, H:i") if stored else ""
