"""Figures of a report in words: rounded, with a dash where one does not exist."""

from typing import Any, Final

from benchmark.presentation import MINUS, NONE, p_value, points
from benchmark.report.figures import ComparedPair
from consilium.people.models import Specialty
from consilium.statistics.intervals import Estimate
from consilium.statistics.undefined import Maybe, Undefined
from consilium.ui.charts import PlottedEstimate

Shown = dict[str, Any]
# Of a chart that has a page's width to itself.
WIDE: Final = 1000
FACET_NAMES: Final = {
    "organ_system": "Organ system",
    "department": "Department",
    "modality": "Modality",
    "specialty": "Specialty",
    "question_type": "Question type",
    "unanimity": "Unanimity of the readers",
    "adjudication": "Adjudication",
    "length": "Length of both answers",
}


def in_slice_words(facet: str, value: str) -> str:
    """A slice's value as people say it."""
    if facet == "specialty" and value in Specialty.values:
        return str(Specialty(value).label)
    if facet == "adjudication" and value == "readers":
        return "Decided by readers"
    return value.replace("_", " ").capitalize()


def rank_range(low: float, high: float) -> str:
    """A rank's interval in whole places."""
    one, other = round(low), round(high)
    return str(one) if one == other else f"{one}\N{EN DASH}{other}"


def point_bounds(low: float, high: float) -> str:
    """The ends of an interval of differences, in percentage points."""
    return f"{points(low)} to {points(high)}"


def points_interval(estimate: Estimate) -> str:
    """The interval of a difference in percentage points; nothing where there is none."""
    return (
        ""
        if isinstance(estimate.interval, Undefined)
        else point_bounds(estimate.interval.low, estimate.interval.high)
    )


def with_points(estimate: Estimate) -> Shown:
    """A difference and its interval, apart."""
    return {"value": points(estimate.value), "interval": points_interval(estimate)}


def log_odds(value: float | None, error: float | None) -> str:
    """Log-odds with the half width of their 95 % interval."""
    if value is None or error is None:
        return NONE
    return f"{value:+z.2f} ± {1.96 * error:.2f}".replace("-", MINUS)


def two_digits(value: Maybe[float]) -> str:
    """A coefficient."""
    return NONE if isinstance(value, Undefined) else f"{value:z.2f}".replace("-", MINUS)


def three_digits(value: Maybe[float]) -> str:
    """A small figure between 0 and 1."""
    return NONE if isinstance(value, Undefined) else f"{value:.3f}"


def in_seconds(milliseconds: Maybe[float]) -> str:
    """Milliseconds as seconds."""
    return NONE if isinstance(milliseconds, Undefined) else f"{milliseconds / 1000:.2f}"


def plotted_percent(name: str, estimate: Estimate, note: str) -> PlottedEstimate | None:
    """A share or difference on the scale of percent; None where it does not exist."""
    if isinstance(estimate.value, Undefined):
        return None
    if isinstance(estimate.interval, Undefined):
        return PlottedEstimate(name, 100 * estimate.value, note=note)
    return PlottedEstimate(
        name, 100 * estimate.value, 100 * estimate.interval.low, 100 * estimate.interval.high, note
    )


def one_digit(value: float) -> str:
    """A number in a chart."""
    return f"{value:z.1f}".replace("-", MINUS)


def whole_number(value: float) -> str:
    """A number in a narrow cell."""
    return f"{value:z.0f}".replace("-", MINUS)


def or_least(value: Maybe[float]) -> float:
    """For sorting: below everything where it does not exist."""
    return -1.0 if isinstance(value, Undefined) else value


def difference_cell(pair: ComparedPair, sign: int) -> Shown:
    """A pair's difference, or with sign -1 that of the pair turned round."""
    value = pair.comparison.difference
    ends = pair.comparison.interval
    bounds = "" if isinstance(ends, Undefined) else point_bounds(*sorted((sign * ends.low, sign * ends.high)))
    return {
        "value": NONE if isinstance(value, Undefined) else points(sign * value),
        "interval": bounds,
        "p": p_value(pair.adjusted_p),
        "strict_p": p_value(pair.comparison.strict_p),
        "is_told_apart": not isinstance(pair.adjusted_p, Undefined) and pair.adjusted_p < 0.05,
    }
