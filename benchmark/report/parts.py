"""The parts of the report: a name on a tab, and what makes its figures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmark.report import beside, control_words, judges
from benchmark.report.calibration import calibration_part
from benchmark.report.choices import ReportChoices
from benchmark.report.kept import KeptReport
from benchmark.report.words import Shown


@dataclass(frozen=True)
class ReportPart:
    """A part's name on its tab, and what makes its figures."""

    label: str
    build: Callable[[KeptReport, ReportChoices], Shown]


PARTS: Final = {
    "board": ReportPart("Board", judges.board),
    "slices": ReportPart("Slices", judges.slices),
    "pairs": ReportPart("Pairs", judges.pairs),
    "readers": ReportPart("Readers", beside.readers),
    "answers": ReportPart("Answer models", beside.answer_strengths),
    "calibration": ReportPart("Calibration", calibration_part),
    "controls": ReportPart("Controls", control_words.controls),
    "costs": ReportPart("Cost", beside.costs),
    "published": ReportPart("Published", beside.published),
}
