"""The part of the report about probabilities: a diagram and figures of each judge that states them."""

from collections.abc import Iterator
from typing import Any, Final

from benchmark.presentation import percent
from benchmark.report.choices import ReportChoices
from benchmark.report.forms import chosen_judges, forms
from benchmark.report.kept import KeptReport
from benchmark.report.words import Shown, three_digits
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.intervals import Estimate
from consilium.statistics.judge_calibration import BINS, JudgeCalibration
from consilium.statistics.undefined import Undefined
from consilium.ui.charts import ReliabilityPoint, reliability_chart

CALIBRATION_HEAD: Final = (
    "judge", "dimension", "cases", "confidence", "correct", "ece", "bins", "brier", "brier_low", "brier_high",
)  # fmt: skip
RELIABILITY_HEAD: Final = ("judge", "dimension", "from", "to", "cases", "confidence", "correct")


def calibration_part(report: KeptReport, choices: ReportChoices) -> Shown:
    """The judges that state probabilities in one dimension."""
    found = report.part("calibrations")
    lines = [
        {"judge": judge, **_line(f"{judge.name}, {choices.dimension}", found[judge.key][choices.dimension])}
        for judge in chosen_judges(report, choices)
        if choices.dimension in found.get(judge.key, {})
    ]
    return {
        **forms(report, choices),
        "lines": lines,
        "bins": BINS,
        "stated_in": stated_dimensions(report),
        "diagrams": [(line["judge"].name, line["diagram"]) for line in lines],
    }


def stated_dimensions(report: KeptReport) -> list[str]:
    """The dimensions in which some judge states probabilities, the primary one first."""
    stated = {name for own in report.content["calibrations"].values() for name in own}
    return [name for name in reversed(DIMENSIONS) if name in stated]


def calibration_rows(report: KeptReport) -> Iterator[list[Any]]:
    """The figures of every judge and dimension, as CALIBRATION_HEAD names them."""
    for name, dimension, one in _every(report):
        low_high = one.brier.interval
        ends = [low_high] * 2 if isinstance(low_high, Undefined) else [low_high.low, low_high.high]
        yield [name, dimension, one.cases, one.confidence, one.correct, one.ece, BINS, one.brier.value, *ends]


def reliability_rows(report: KeptReport) -> Iterator[list[Any]]:
    """The bins of every judge and dimension, as RELIABILITY_HEAD names them."""
    for name, dimension, one in _every(report):
        for part in one.reliability:
            yield [name, dimension, part.low, part.high, part.items, part.confidence, part.correct]


def _every(report: KeptReport) -> Iterator[tuple[str, str, JudgeCalibration]]:
    found = report.part("calibrations")
    for judge in report.part("judges"):
        for dimension, one in found.get(judge.key, {}).items():
            yield judge.name, dimension, one


def _line(title: str, one: JudgeCalibration) -> Shown:
    points = [
        ReliabilityPoint(100 * part.confidence, 100 * part.correct, part.items) for part in one.reliability
    ]
    return {
        "cases": one.cases,
        "confidence": percent(one.confidence),
        "correct": percent(one.correct),
        "ece": three_digits(one.ece),
        "brier": three_digits(one.brier.value),
        "interval": _interval(one.brier),
        "diagram": reliability_chart(
            points, title=title, low=50, x_label="stated, percent", y_label="right, percent"
        ),
    }


def _interval(estimate: Estimate) -> str:
    ends = estimate.interval
    return "" if isinstance(ends, Undefined) else f"{three_digits(ends.low)} to {three_digits(ends.high)}"
