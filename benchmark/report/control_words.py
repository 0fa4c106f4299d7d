"""Controls and repeats as the report shows them."""

from typing import Any

from benchmark.presentation import interval, p_value, percent, points
from benchmark.report.choices import ReportChoices
from benchmark.report.controls import BlindedJudge, RepeatedJudge
from benchmark.report.forms import chosen_judges, forms
from benchmark.report.kept import KeptReport
from benchmark.report.words import WIDE, Shown, one_digit, plotted_percent, points_interval
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.intervals import Estimate
from consilium.ui.charts import interval_chart


def controls(report: KeptReport, choices: ReportChoices) -> Shown:
    """Judges with and without images in one dimension; how alike they answer when asked again, in all."""
    blinded: dict[str, BlindedJudge] = report.part("blinded")
    repeated: dict[str, RepeatedJudge] = report.part("repeated")
    judges = chosen_judges(report, choices)
    gains = [
        (one, _gain(blinded[one.key], choices.place))
        for one in judges
        if one.key in blinded and blinded[one.key].gain[choices.place].cases
    ]
    drawn = [plotted_percent(judge.name, gain, "") for judge, gain in gains]
    return {
        **forms(report, choices),
        "blinded": [{"judge": judge, **_blinded(blinded[judge.key], choices.place)} for judge, _ in gains],
        "chart": interval_chart(
            [one for one in drawn if one],
            title=f"Accuracy with images minus without them, {choices.dimension}",
            x_label="percentage points",
            low=-20,
            high=40,
            reference=0,
            width=WIDE,
            show=one_digit,
        )
        if gains
        else "",
        "dimensions": DIMENSIONS,
        "repeated": [
            {
                "judge": judge,
                "askings": repeated[judge.key].askings,
                "calls": repeated[judge.key].calls,
                "cells": [percent(value) for value in repeated[judge.key].stability],
            }
            for judge in judges
            if judge.key in repeated and repeated[judge.key].calls
        ],
    }


def _gain(one: BlindedJudge, place: int) -> Estimate:
    return Estimate(one.gain[place].difference, one.gain[place].interval)


def _blinded(one: BlindedJudge, place: int) -> dict[str, Any]:
    gain = _gain(one, place)
    return {
        "cases": one.gain[place].cases,
        "with": percent(one.with_images[place].value),
        "with_interval": interval(one.with_images[place].interval),
        "without": percent(one.without_images[place].value),
        "without_interval": interval(one.without_images[place].interval),
        "gain": points(gain.value),
        "gain_interval": points_interval(gain),
        "p": p_value(one.gain[place].p),
    }
