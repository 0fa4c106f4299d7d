"""The report of a pipeline as its page shows it: rounded figures, words where a figure does not exist."""

from collections.abc import Sequence
from typing import Any, Final

from django.utils.safestring import SafeString

from benchmark.presentation import MINUS, NONE, percent, points, specialty_label
from consilium.statistics.intervals import Estimate, Interval
from consilium.statistics.undefined import Maybe, Undefined
from consilium.ui.charts import PlottedEstimate, interval_chart
from dashboard.models import Recipe
from dashboard.pipelines.report import RecipeLine, RecipeReport, SeedGain

HALF_RANGE: Final = 10.0  # percentage points that the axis shows at least, both ways


def report_context(report: RecipeReport | None) -> dict[str, Any]:
    """What the template takes; nothing while there is no report."""
    if report is None:
        return {}
    return {
        "report": report,
        "labels": [specialty_label(name) for name in report.specialties],
        "recipes": [_recipe(line, report.specialties) for line in report.recipes],
        "chart": _chart(report.recipes),
        "compute": _compute(report.recipes),
        "compute_words": _compute_words(report.recipes),
        "experts": [
            {
                "name": specialty_label(one.specialty),
                "questions": one.questions,
                "before": percent(one.of_base),
                "after": percent(one.accuracy),
                "difference": _difference(one.difference),
            }
            for one in report.experts
        ],
        "rewards": [_gain(one, _plain) for one in report.rewards],
        "judges": [_gain(one, percent) for one in report.judges],
        "missing": ", ".join(str(recipe.label) for recipe in report.missing),
        "one_seed": len(report.seeds) == 1,
    }


def _recipe(line: RecipeLine, specialties: Sequence[str]) -> dict[str, Any]:
    return {
        "name": line.recipe.label,
        "accuracy": percent(line.accuracy),
        "by_seed": ", ".join(map(percent, line.by_seed)) if len(line.by_seed) > 1 else "",
        "to_base": _difference(line.to_base),
        "next_best": line.next_best.label if line.next_best else "",
        "to_next": _difference(line.to_next),
        "cells": [percent(line.by_specialty[name]) for name in specialties],
    }


def _chart(lines: Sequence[RecipeLine]) -> SafeString:
    """How far each recipe is from the base; the dashed line is the base itself."""
    shown = [_plotted(line) for line in lines if line.to_base is not None]
    return interval_chart(
        [one for one in shown if one is not None],
        title="Difference to the base",
        x_label="percentage points",
        low=-HALF_RANGE,
        high=HALF_RANGE,
        reference=0,
        show=_signed,
    )


def _plotted(line: RecipeLine) -> PlottedEstimate | None:
    assert line.to_base is not None
    value, ends = line.to_base.value, line.to_base.interval
    if isinstance(value, Undefined):
        return None
    low, high = (None, None) if isinstance(ends, Undefined) else (100 * ends.low, 100 * ends.high)
    return PlottedEstimate(line.recipe.label, 100 * value, low, high)


def _compute(lines: Sequence[RecipeLine]) -> list[dict[str, Any]]:
    """What each recipe took, and as a share of what the merge took."""
    whole = _of(lines, Recipe.MERGE)
    return [
        {
            "name": line.recipe.label,
            "steps": f"{line.compute.steps:,}",
            "sequences": f"{line.compute.sequences:,}",
            "share": f"{line.compute.sequences / whole:.2f}" if whole else NONE,
            "seconds": f"{line.compute.seconds:,.0f}",
        }
        for line in lines
    ]


def _compute_words(lines: Sequence[RecipeLine]) -> str:
    """How equal it was, by what was recorded."""
    whole = _of(lines, Recipe.MERGE)
    alone = [line for line in lines if line.recipe in (Recipe.SFT_ALL, Recipe.GRPO)]
    if not whole or not alone:
        return ""
    told = [f"{line.recipe.label} {line.compute.sequences / whole:.2f} times as many" for line in alone]
    return f"As recorded, the merge took {whole:,} sequences a seed, {' and '.join(told)}."


def _of(lines: Sequence[RecipeLine], recipe: Recipe) -> int:
    return next((line.compute.sequences for line in lines if line.recipe == recipe), 0)


def _gain(one: SeedGain, show: Any) -> dict[str, Any]:
    is_share = show is percent
    return {
        "name": one.name,
        "before": show(one.before),
        "after": show(one.after),
        "difference": _difference(one.difference) if is_share else _plain_difference(one.difference),
    }


def _difference(estimate: Estimate | None) -> dict[str, str]:
    """In percentage points."""
    if estimate is None:
        return {"value": NONE, "interval": "", "why": ""}
    return {"value": points(estimate.value), "interval": _ends(estimate.interval, 100, 1), **_why(estimate)}


def _plain_difference(estimate: Estimate) -> dict[str, str]:
    value = estimate.value
    told = NONE if isinstance(value, Undefined) else _minus(f"{value:+.3f}")
    return {"value": told, "interval": _ends(estimate.interval, 1, 3), **_why(estimate)}


def _why(estimate: Estimate) -> dict[str, str]:
    """Why there is no interval."""
    return {"why": estimate.interval.reason if isinstance(estimate.interval, Undefined) else ""}


def _ends(ends: Maybe[Interval], factor: float, digits: int) -> str:
    if isinstance(ends, Undefined):
        return ""
    return _minus(f"{factor * ends.low:+.{digits}f} to {factor * ends.high:+.{digits}f}")


def _plain(value: float) -> str:
    return f"{value:.3f}"


def _signed(value: float) -> str:
    return _minus(f"{value:+.1f}")


def _minus(text: str) -> str:
    return text.replace("-", MINUS)
