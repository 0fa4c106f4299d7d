"""Judges against the labels and each other, as pages show them: the board, its slices, its pairs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmark.presentation import interval, percent
from benchmark.report.choices import ALL, SORTS, ReportChoices
from benchmark.report.figures import JURY, ReportedJudge, Rows
from benchmark.report.forms import chosen_judges, forms
from benchmark.report.frame import FACETS
from benchmark.report.kept import KeptReport
from benchmark.report.words import (
    FACET_NAMES,
    WIDE,
    Shown,
    difference_cell,
    in_slice_words,
    one_digit,
    or_least,
    plotted_percent,
    rank_range,
    two_digits,
    whole_number,
    with_points,
)
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.intervals import Estimate
from consilium.statistics.judge_scores import JudgeBiases, JudgingRow
from consilium.statistics.undefined import Undefined
from consilium.ui.charts import heat_map, interval_chart

_SORT_NAMES: Final = dict(
    zip(
        SORTS,
        ("Accuracy", "Valid only", "Half", "Reference", "Strict", "Consistent", "First", "Invalid", "Tie"),
        strict=False,
    )
)
_RISING: Final = ("invalid_rate", "tie_rate", "first_position_rate")
_LEAST_CASES: Final = 5  # below, a slice's figures are shown but drawn nowhere


def board(report: KeptReport, choices: ReportChoices) -> Shown:
    """Every judge in one dimension and slice, sorted; those that are not ranked come last."""
    rows = _chosen_rows(report, choices)
    ranks = report.part("ranks")
    biases = {} if choices.facet else report.part("biases")
    lines = [
        _line(judge, rows[judge.key][choices.place], ranks, biases, choices.place)
        for judge in chosen_judges(report, choices)
    ]
    lines.sort(key=lambda line: _sort_key(line, choices.sort))
    drawn = [
        plotted_percent(line["judge"].name, line["row"].accuracy, f"n {line['row'].cases}")
        for line in lines
        if line["row"].cases
    ]
    return {
        **forms(report, choices),
        "lines": lines,
        "has_biases": bool(biases),
        "lists_cases": choices.facet in (ALL, *FACETS),
        "columns": [
            {
                "label": label,
                "query": choices.query(sort=name),
                "current": name == choices.sort,
                "order": "ascending" if name in _RISING else "descending",
            }
            for name, label in _SORT_NAMES.items()
        ],
        "by_name": {"query": choices.query(sort="judge"), "current": choices.sort == "judge"},
        "chart": interval_chart(
            [one for one in drawn if one],
            title=f"Accuracy, {choices.dimension}",
            x_label="percent right",
            high=100,
            reference=50,
            width=WIDE,
            show=one_digit,
        ),
    }


def slices(report: KeptReport, choices: ReportChoices) -> Shown:
    """Judges by every value of a facet in one dimension, and by dimension over all cases."""
    sizes = report.slice_sizes()
    facet = choices.facet or next(iter(sizes), "")
    judges = chosen_judges(report, choices)
    values = {value: report.slice_figures(facet, value) for value in sizes.get(facet, {})}
    cells = [(judge, [one.rows[judge.key][choices.place] for one in values.values()]) for judge in judges]
    whole = report.part("rows")
    return {
        **forms(report, choices),
        "facet": FACET_NAMES.get(facet, ""),
        "facets": [
            {
                "name": name,
                "label": FACET_NAMES[name],
                "slice": f"{name}:{next(iter(found))}",
                "current": name == facet,
            }
            for name, found in sizes.items()
        ],
        "values": [
            {"name": in_slice_words(facet, value), "cases": one.cases} for value, one in values.items()
        ],
        "table": [{"judge": judge, "cells": [_accuracy_cell(row) for row in rows]} for judge, rows in cells],
        "map": heat_map(
            [in_slice_words(facet, value) for value in values],
            [(judge.name, [_drawn(row) for row in rows]) for judge, rows in cells],
            title=f"Accuracy by {FACET_NAMES.get(facet, 'slice').lower()}, {choices.dimension}, percent",
            note=f"empty: fewer than {_LEAST_CASES} cases",
            ends=(25.0, 100.0),
            width=WIDE,
            show=whole_number,
        ),
        "dimensions": heat_map(
            [name.capitalize() for name in DIMENSIONS],
            [(judge.name, [_drawn(row) for row in whole[judge.key]]) for judge in judges],
            title="Accuracy by dimension, all cases, percent",
            ends=(25.0, 100.0),
            width=WIDE,
            show=whole_number,
        ),
    }


def pairs(report: KeptReport, choices: ReportChoices) -> Shown:
    """Ranked judges against each other in one dimension: a matrix, and one judge against all others."""
    compared = report.compared(choices.dimension)
    judges = [one for one in chosen_judges(report, choices) if one.is_ranked]
    names = {one.key: one.name for one in judges}
    turned = {(one.first, one.second): (one, 1) for one in compared}
    turned |= {(one.second, one.first): (one, -1) for one in compared}
    chosen = choices.judge if choices.judge in names else next(iter(names), "")
    return {
        **forms(report, choices),
        "judges": [{"key": key, "name": name, "current": key == chosen} for key, name in names.items()],
        "chosen": names.get(chosen, ""),
        "chosen_key": chosen,
        "adjusted": "Holm" if choices.dimension == DIMENSIONS[-1] else "Benjamini and Hochberg",
        "against": [
            {"key": other, "name": names[other], **difference_cell(*turned[chosen, other])}
            for other in names
            if other != chosen
        ],
        "matrix": [
            {
                "name": names[one],
                "cells": [difference_cell(*turned[one, other]) if other != one else None for other in names],
            }
            for one in names
        ],
    }


def _chosen_rows(report: KeptReport, choices: ReportChoices) -> Rows:
    if choices.facet:
        return report.slice_figures(choices.facet, choices.value).rows
    rows: Rows = report.part("rows")
    return rows


def _line(
    judge: ReportedJudge,
    row: JudgingRow,
    ranks: Mapping[str, Any],
    biases: Mapping[str, Sequence[JudgeBiases]],
    place: int,
) -> Shown:
    bias = biases[judge.key][place] if biases else None
    rank = ranks.get(judge.key)
    return {
        "judge": judge,
        "row": row,
        "rank": "" if rank is None or isinstance(rank, Undefined) else rank_range(rank.low, rank.high),
        "accuracy": percent(row.accuracy.value),
        "interval": interval(row.accuracy.interval),
        "coverage": percent(row.coverage),
        "cells": [
            percent(getattr(row, name) if name != "strict" else row.strict.value) for name in SORTS[1:-1]
        ],
        "kappa": two_digits(bias.kappa) if bias else "",
        "ac1": two_digits(bias.ac1) if bias else "",
        "position": with_points(bias.position) if bias else None,
        "length": with_points(bias.length) if bias else None,
    }


def _sort_key(line: Shown, sort: str) -> tuple[Any, ...]:
    if sort == "judge":
        return (line["judge"].name.casefold(),)
    value = getattr(line["row"], sort)
    value = value.value if isinstance(value, Estimate) else value
    known = or_least(value)
    judge = line["judge"]
    is_last = isinstance(value, Undefined) or not (judge.is_ranked or judge.key == JURY)
    return (is_last, known if sort in _RISING else -known, judge.name.casefold())


def _accuracy_cell(row: JudgingRow) -> Shown:
    return {
        "value": percent(row.accuracy.value),
        "interval": interval(row.accuracy.interval),
        "cases": row.cases,
    }


def _drawn(row: JudgingRow) -> float | None:
    value = row.accuracy.value
    return None if isinstance(value, Undefined) or row.cases < _LEAST_CASES else 100 * value
