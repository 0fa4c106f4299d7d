"""The report as files that need nothing else: one HTML page, tables, figures as JSON, charts."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from benchmark.report.calibration import (
    CALIBRATION_HEAD,
    RELIABILITY_HEAD,
    calibration_rows,
    reliability_rows,
    stated_dimensions,
)
from benchmark.report.choices import ALL, SORTS, ReportChoices
from benchmark.report.figures import ReportedJudge
from benchmark.report.kept import KeptReport
from benchmark.report.parts import PARTS
from benchmark.report.reference import HEAD, reference_table
from benchmark.report.spreadsheets import csv_table, workbook
from benchmark.report.words import FACET_NAMES, Shown
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.intervals import Estimate
from consilium.statistics.judge_scores import JudgingRow
from consilium.statistics.undefined import Undefined
from curation.models import Release

REFERENCE: Final = "reference"
FIGURES: Final = "report.json"
STYLES: Final = ("css/tokens", "css/base", "css/tables", "css/charts", "benchmark/report_file")
# What a chart of its own looks like; on a page the colours come from the theme.
_SVG_STYLE: Final = (
    "text{font:12px sans-serif;fill:#475569}.chart-label{fill:#0f172a}.chart-grid{stroke:#e2e8f0}"
    ".chart-axis{stroke:#94a3b8}.chart-reference{stroke:#94a3b8;stroke-dasharray:4 4}"
    ".chart-interval{stroke:#2456b3;stroke-width:3;opacity:.45}.chart-dot{fill:#2456b3}.chart-cell{fill:#2456b3}"
)
_LONGEST: Final = 80  # of a chart's name
_SVG: Final = re.compile(r"<svg viewBox.*?</svg>", re.DOTALL)
_HEAD: Final = (
    "judge", "facet", "slice", "dimension", "cases", "coverage", "accuracy", "accuracy_low", "accuracy_high",
    "strict", "strict_low", "strict_high", *(name for name in SORTS[1:-1] if name != "strict"),
)  # fmt: skip
_PAIR_HEAD: Final = (
    "dimension", "first", "second", "cases", "difference", "low", "high", "p", "adjusted_p", "strict_p",
)  # fmt: skip


def report_files(release: Release, report: KeptReport) -> dict[str, bytes]:
    """Name to content: `report.html`, `report.json`, tables as CSV, charts, reference tables."""
    sections = list(_sections(report))
    return {
        "report.html": _page(release, report, sections).encode(),
        "judges.csv": csv_table(_HEAD, _judge_rows(report)),
        "pairs.csv": csv_table(_PAIR_HEAD, _pair_rows(report)),
        "calibration.csv": csv_table(CALIBRATION_HEAD, calibration_rows(report)),
        "reliability.csv": csv_table(RELIABILITY_HEAD, reliability_rows(report)),
        FIGURES: _as_json(release, report),
        **{f"charts/{name}.svg": text.encode() for name, text in _charts(sections)},
        **{f"{REFERENCE}/{name}": content for name, content in _reference(report)},
    }


def _sections(report: KeptReport) -> Iterator[tuple[str, str, Shown, ReportChoices]]:
    """Part, title, figures and choices: what the pages show one by one, one after the other."""
    for name in reversed(DIMENSIONS):
        chosen = _choices(dimension=name)
        yield "board", f"Judges, {name}", PARTS["board"].build(report, chosen), chosen
    for number, (facet, values) in enumerate(report.slice_sizes().items()):
        chosen = _choices(facet=facet, value=next(iter(values)))
        shown = PARTS["slices"].build(report, chosen)
        once = {} if number else {"dimensions": shown["dimensions"]}
        yield "slices", f"By {FACET_NAMES[facet].lower()}", {**shown, "dimensions": "", **once}, chosen
    for part in ("pairs", "readers", "answers", "controls", "costs", "published"):
        yield part, PARTS[part].label, PARTS[part].build(report, _choices()), _choices()
    for name in stated_dimensions(report):
        chosen = _choices(dimension=name)
        yield "calibration", f"Calibration, {name}", PARTS["calibration"].build(report, chosen), chosen


def _choices(dimension: str = DIMENSIONS[-1], facet: str = ALL, value: str = ALL) -> ReportChoices:
    return ReportChoices(dimension, facet, value, SORTS[0], judge="", words="")


def _page(
    release: Release, report: KeptReport, sections: Iterable[tuple[str, str, Shown, ReportChoices]]
) -> str:
    rendered = [
        {
            "title": title,
            "content": render_to_string(
                f"benchmark/report/{part}.html", {"shown": shown, "choices": choices, "is_file": True}
            ),
        }
        for part, title, shown, choices in sections
    ]
    return render_to_string(
        "benchmark/report/file.html",
        {
            "release": release,
            "cases": report.content["cases"],
            "clusters": report.content["clusters"],
            "styles": _styles(),
            "sections": rendered,
            "now": timezone.now(),
        },
    )


def _styles() -> SafeString:
    folder = Path(settings.BASE_DIR) / "static"
    text = "\n".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)
    return mark_safe(f"<style>{text}</style>")  # noqa: S308 - our own style sheets


def _charts(sections: Iterable[tuple[str, str, Shown, ReportChoices]]) -> Iterator[tuple[str, str]]:
    for part, title, shown, chosen in sections:
        drawn = [(title, shown.get(name, "")) for name in ("chart", "map")]
        several = enumerate(shown.get("diagrams", ()), start=1)
        drawn += [(f"{chosen.dimension} {number} {name}", diagram) for number, (name, diagram) in several]
        for name, figure in drawn:
            found = _SVG.search(str(figure))
            if found:
                drawing = found[0].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
                file = re.sub(r"[^a-z0-9]+", "-", f"{part} {name}".lower()).strip("-")
                yield file[:_LONGEST], drawing.replace(">", f"><style>{_SVG_STYLE}</style>", 1)


def _reference(report: KeptReport) -> Iterator[tuple[str, bytes]]:
    """The result table as the published scripts write it: all judges as CSV and JSON lines, a sheet each."""
    judges, reference = report.part("judges"), report.part("reference")
    found = {
        one.name: reference_table(one.name, reference[one.key]) for one in judges if one.key in reference
    }
    rows = [row for of_judge in found.values() for row in of_judge]
    lines = (json.dumps(dict(zip(HEAD, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)
    yield "results.csv", csv_table(HEAD, rows)
    yield "results.jsonl", "".join(lines).encode()
    yield "results.xlsx", workbook(HEAD, found)


def _judge_rows(report: KeptReport) -> Iterator[list[Any]]:
    judges: list[ReportedJudge] = report.part("judges")
    whole = report.part("rows")
    for judge in judges:
        yield from (_judge_row(judge, "", "", row) for row in whole[judge.key])
    for facet, values in report.slice_sizes().items():
        for value in values:
            rows = report.slice_figures(facet, value).rows
            for judge in judges:
                yield from (_judge_row(judge, facet, value, row) for row in rows[judge.key])


def _judge_row(judge: ReportedJudge, facet: str, value: str, row: JudgingRow) -> list[Any]:
    rest = [getattr(row, name) for name in SORTS[1:-1] if name != "strict"]
    figures = [row.dimension, row.cases, row.coverage, *_ends(row.accuracy), *_ends(row.strict), *rest]
    return [judge.name, facet, value, *figures]


def _ends(estimate: Estimate) -> tuple[Any, Any, Any]:
    ends = estimate.interval
    return (
        (estimate.value, ends, ends) if isinstance(ends, Undefined) else (estimate.value, ends.low, ends.high)
    )


def _pair_rows(report: KeptReport) -> Iterator[list[Any]]:
    names = {judge.key: judge.name for judge in report.part("judges")}
    for dimension in report.content["comparisons"]:
        for one in report.compared(dimension):
            found = one.comparison
            difference = _ends(Estimate(found.difference, found.interval))
            yield [
                dimension, names[one.first], names[one.second], found.cases, *difference,
                found.p, one.adjusted_p, found.strict_p,
            ]  # fmt: skip


def _as_json(release: Release, report: KeptReport) -> bytes:
    told: Mapping[str, Any] = {"release": release.name, "digest": release.digest, **report.plain()}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
