"""What stands beside the board: readers, the models that answered, costs, and what the paper printed."""

from collections.abc import Sequence

from benchmark.presentation import NONE, percent, points
from benchmark.reply_failures import failed_replies
from benchmark.report.answer_models import AnswerModels, Strengths
from benchmark.report.choices import ReportChoices
from benchmark.report.costs import JudgingCost
from benchmark.report.forms import chosen_judges, forms
from benchmark.report.kept import KeptReport
from benchmark.report.published import published_judges
from benchmark.report.words import (
    WIDE,
    Shown,
    in_seconds,
    log_odds,
    one_digit,
    plotted_percent,
    points_interval,
    two_digits,
)
from consilium.statistics.undefined import Maybe, Undefined
from consilium.ui.charts import PlottedEstimate, interval_chart


def readers(report: KeptReport, choices: ReportChoices) -> Shown:
    """Judges beside the readers in one dimension, and whether they could stand in for one."""
    beside, tests = report.part("readers"), report.part("reader_tests")
    lines = []
    for judge in chosen_judges(report, choices):
        own, test = beside[judge.key][choices.place], tests[judge.key]
        lines.append(
            {
                "judge": judge,
                "cases": own.cases,
                "readers": percent(own.readers),
                "agrees": percent(own.judge),
                "difference": points(own.difference.value),
                "interval": points_interval(own.difference),
                "winning_rate": percent(test.winning_rate),
                "advantage": percent(test.advantage_probability),
                "tested": sum(not isinstance(p, Undefined) for p in test.p_values.values()),
            }
        )
    drawn = [
        plotted_percent(judge.name, beside[judge.key][choices.place].difference, "")
        for judge in chosen_judges(report, choices)
    ]
    return {
        **forms(report, choices),
        "lines": lines,
        "chart": interval_chart(
            [one for one in drawn if one],
            title=f"A judge's agreement with a reader minus that of two readers, {choices.dimension}",
            x_label="percentage points",
            low=-40,
            high=20,
            reference=0,
            width=WIDE,
            show=one_digit,
        ),
    }


def answer_strengths(report: KeptReport, choices: ReportChoices) -> Shown:
    """The strengths of the models that wrote the answers, to the readers and to each judge."""
    found: AnswerModels = report.part("answer_models")
    names = _models_by_strength(found.readers)
    judges = chosen_judges(report, choices)
    return {
        **forms(report, choices),
        "models": names,
        "why_none": found.readers.reason if isinstance(found.readers, Undefined) else "",
        "readers": _strength_cells(found.readers, names),
        "table": [{"judge": judge, **_strength_cells(found.judges[judge.key], names)} for judge in judges],
        "chart": interval_chart(
            _strength_estimates(found.readers),
            title="Strength of the models to the readers",
            x_label="log-odds, mean 0",
            low=-1,
            high=1,
            reference=0,
            width=WIDE,
            show=two_digits,
        ),
    }


def costs(report: KeptReport, choices: ReportChoices) -> Shown:
    """What each judge took, and how its replies were read."""
    found: dict[str, JudgingCost] = report.part("costs")
    return {
        **forms(report, choices),
        "lines": [
            {
                "judge": judge,
                "cost": found[judge.key],
                "times": [in_seconds(value) for value in _times(found[judge.key])],
                "failed": failed_replies(found[judge.key].read_as),
                "read_as": "; ".join(
                    f"{why or 'as asked'} {count:,}" for why, count in found[judge.key].read_as.items()
                ),
            }
            for judge in chosen_judges(report, choices)
            if judge.key in found
        ],
    }


def published(report: KeptReport, choices: ReportChoices) -> Shown:
    """Measured judges, and apart from them the rows that the paper printed."""
    means = report.part("organ_means")
    return {
        **forms(report, choices),
        "measured": [
            {
                "judge": judge,
                "organs": means[judge.key].organs,
                "reference": percent(means[judge.key].reference),
                "accuracy": percent(means[judge.key].accuracy),
            }
            for judge in chosen_judges(report, choices)
        ],
        "printed": [one for one in published_judges() if choices.words.lower() in one.name.lower()],
    }


def _models_by_strength(found: Maybe[Strengths]) -> list[str]:
    if isinstance(found, Undefined):
        return []
    return sorted(found.ability, key=lambda name: -found.ability[name])


def _strength_cells(found: Maybe[Strengths], names: Sequence[str]) -> Shown:
    if isinstance(found, Undefined):
        return {"cells": [NONE] * len(names), "tau": NONE, "order": NONE}
    return {
        "cells": [log_odds(found.ability.get(name), found.ability_se.get(name)) for name in names],
        "tau": two_digits(found.tau),
        "order": two_digits(found.order_effect),
    }


def _strength_estimates(found: Maybe[Strengths]) -> list[PlottedEstimate]:
    if isinstance(found, Undefined):
        return []
    return [
        PlottedEstimate(
            name,
            found.ability[name],
            found.ability[name] - 1.96 * found.ability_se[name],
            found.ability[name] + 1.96 * found.ability_se[name],
        )
        for name in _models_by_strength(found)
    ]


def _times(cost: JudgingCost) -> tuple[Maybe[float], ...]:
    return cost.mean_ms, cost.median_ms, cost.slow_ms
