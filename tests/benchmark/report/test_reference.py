"""The report in the reference layout: its figures a sheet per judge, predictions."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from benchmark.judge_job import store_verdicts
from benchmark.models import Evaluation
from benchmark.report import take
from benchmark.report.figures import JURY, judge_report
from benchmark.report.files import report_files
from benchmark.report.kept import KeptReport
from benchmark.report.spreadsheets import sheet_names
from consilium.answers.dimensions import DIMENSIONS
from consilium.audit.models import AuditEvent
from consilium.statistics.json_form import as_json
from consilium.statistics.undefined import Undefined
from curation.layouts.medrewardbench import question_with_options, write_medrewardbench
from curation.layouts.reader import ReleaseReader
from curation.models import Release, Source
from curation.releases.freeze import rows_of
from tests.factories import benchmark as making
from tests.factories.cast import Cast

# Letters of the six dimensions of each case; a dash is no label.
LABELS = ("ABABAB", "BBAABA", "AAABBB", "ABBABA", "BABABA", "------", "AABBA-", "ABABAB", "BBBAAA", "AAAAAA")
ORGANS = ("brain", "brain", "brain", "chest", "chest", "brain", "chest", "", "lung", "lung")
# What the judge prints in the stored order: t is a tie, a dash nothing at all.
SAID = ("ABABAt", "BB-ABA", "BBBAAA", "ABBABA", "BAtA-A", "AAAAAA", "AABBAB", "AAAAAA", "------", "AAABBB")
LONG = "clinic/a judge whose name has sixty characters, as some do, 1"
LONGER = LONG[:-1] + "2"
FORMULA = "=HYPERLINK(1)"
DATED = "judge-2024-11-20"  # of which the gate of exports would say that it holds a date
WORDS = {"t": "tie"}


def judged(cast: Cast, release: Release, name: str, said: Sequence[str]) -> Evaluation:
    """An evaluation whose replies are in; in the turned order every verdict is A."""
    judge = making.endpoint(name)
    (made,) = making.launched(cast, release, judge)
    for row, letters in zip(rows_of(release), said, strict=False):
        stated = {
            dimension: WORDS.get(letter, letter)
            for dimension, letter in zip(DIMENSIONS, letters, strict=True)
            if letter != "-"
        }
        for order, text in (("ab", json.dumps(stated)), ("ba", making.verdict_text("A"))):
            tag = f"{row.row_id}/{order}"
            store_verdicts(made, [(tag, making.reply(judge, tag, text))])
    return making.over(made)


@pytest.fixture
def votes(cast: Cast) -> Release:
    changes = [
        {
            "organ_system": organ,
            "label": {
                name: None if letter == "-" else letter
                for name, letter in zip(DIMENSIONS, letters, strict=True)
            },
        }
        for organ, letters in zip(ORGANS, LABELS, strict=True)
    ]
    found = making.preferences(cast, ["A"] * len(LABELS), changes=changes)
    judged(cast, found, LONG, SAID)
    judged(cast, found, LONGER, LABELS)
    judged(cast, found, FORMULA, ["AAAAAA"] * len(LABELS))
    judged(cast, found, DATED, SAID[:4])
    return found


@pytest.fixture
def folder(cast: Cast, votes: Release, tmp_path: Path) -> Path:
    """The report as the command writes it."""
    call_command(
        "report", votes.digest, tmp_path / "report", "--by", cast.lena.username, "--replicates", "100",
        stdout=io.StringIO(),
    )  # fmt: skip
    return tmp_path / "report" / "reference"


def by_the_reference_method(labels: Path, predictions: Path) -> dict[str, dict[str, float]]:
    """METHOD 4 and 6 written once more, from the files alone: the letter is the label's, or it is wrong."""
    said = {}
    for line in predictions.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        said[row["question_id"]] = row["chosen_answer"]
    table = {}
    for file in sorted(labels.glob("*.jsonl")):
        cases = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        table[file.stem] = {
            f"{name}_acc": round(
                sum(said[case["question_id"]][name] == case["human_answer"][name] for case in cases)
                / len(cases),
                4,
            )
            for name in DIMENSIONS
        }
    return table


def results(folder: Path, judge: str) -> dict[str, dict[str, float]]:
    """Our table of one judge: organ to column to figure."""
    rows = [json.loads(line) for line in (folder / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    columns = [f"{name}_acc" for name in DIMENSIONS]
    assert all(list(row) == ["modality", "model", *columns] for row in rows)
    return {row["modality"]: {name: row[name] for name in columns} for row in rows if row["model"] == judge}


def test_the_reference_method_on_our_files_gives_our_reference_table(
    votes: Release, folder: Path, tmp_path: Path
) -> None:
    exported = tmp_path / "export"
    written = write_medrewardbench(ReleaseReader(votes), exported, lambda done, total: None)
    assert written.left_out == {"a dimension has no label": 2, "no organ system": 1}
    files = sorted((folder / "predictions").iterdir())
    for judge, file in ((LONG, files[1]), (LONGER, files[2]), (FORMULA, files[0])):
        told = by_the_reference_method(exported / "pair_gt_all", file)
        assert results(folder, judge) == told
        assert list(told) == ["brain", "chest", "lung"]
    assert list(results(folder, LONG)["brain"].values()) == [0.6667, 0.6667, 0.3333, 0.6667, 0.6667, 0.3333]
    # A judge that lacks a reply has a file of what it said, and no figures.
    assert results(folder, DATED) == {}
    assert len(files[3].read_text().splitlines()) == 4
    _rows_are_as_published(votes, folder)


def _rows_are_as_published(votes: Release, folder: Path) -> None:
    files = sorted(path.name for path in (folder / "predictions").iterdir())
    long = "pair_clinic_a_judge_whose_name_has_sixty_characters_as_some_do_"
    assert files == [
        "pair__HYPERLINK_1_.jsonl",
        f"{long}1.jsonl",
        f"{long}2.jsonl",
        "pair_judge-2024-11-20.jsonl",
    ]
    rows = [json.loads(line) for line in (folder / "predictions" / files[1]).read_text().splitlines()]
    assert len(rows) == 7
    case = rows_of(votes).first()
    assert case is not None
    assert rows[0] == {
        "question_id": case.row_id,
        "dataset": case.content["source"],
        "modality_type": "brain",
        "question_type": case.content.get("question_type", ""),
        "question": question_with_options(case.content),
        "chosen_answer": dict(zip(DIMENSIONS, ["A", "B", "A", "B", "A", "tie"], strict=True)),
        "image_id": case.content["images"][0].rsplit("/", 1)[-1].removesuffix(".png"),
        "body_part": case.content.get("body_part", ""),
        "answer_model": LONG,
    }
    assert rows[1]["chosen_answer"]["comprehensiveness"] is None


def test_it_is_the_reference_figure_of_the_report_where_cases_have_all_labels_or_none(votes: Release) -> None:
    report = judge_report(votes, replicates=50)
    (key,) = (one.key for one in report.judges if one.name == LONG)
    table = {row.modality: row for row in report.reference[key]}
    for organ in ("brain", "lung"):
        figures = report.slices["organ_system"][organ].rows[key]
        assert table[organ].accuracy == [_rounded(row.reference) for row in figures]
        assert table[organ].cases == figures[0].cases
    # A case without its last label counts on the board in the five others, and here in none.
    assert [row.cases for row in report.slices["organ_system"]["chest"].rows[key]] == [3, 3, 3, 3, 3, 2]
    assert table["chest"].cases == 2
    assert {one.key for one in report.judges} - set(report.reference) == {JURY}


def _rounded(value: Any) -> float:
    assert not isinstance(value, Undefined)
    return float(round(value, 4))


def test_tables_hold_the_same_and_the_workbook_has_a_sheet_per_judge(votes: Release, tmp_path: Path) -> None:
    files = report_files(votes, KeptReport(as_json(judge_report(votes, replicates=50))))
    folder = tmp_path / "reference"
    folder.mkdir()
    for name in ("results.csv", "results.jsonl", "results.xlsx"):
        (folder / name).write_bytes(files[f"reference/{name}"])
    text = (folder / "results.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert {row[1] for row in rows[1:]} == {LONG, LONGER, f"'{FORMULA}"}
    book = openpyxl.load_workbook(folder / "results.xlsx")
    names = {LONGER: LONG.replace("/", "_")[:31], LONG: f"{LONG.replace('/', '_')[:27]} (2)"}  # best first
    assert set(book.sheetnames) == {*names.values(), FORMULA, DATED}
    assert max(map(len, book.sheetnames)) == 31
    for judge, sheet in [*names.items(), (FORMULA, FORMULA)]:
        cells = list(book[sheet].iter_rows())
        shown = [[cell.value for cell in row] for row in cells]
        assert shown[0] == ["modality", "model", *(f"{name}_acc" for name in DIMENSIONS)]
        expected = [[organ, judge, *figures.values()] for organ, figures in results(folder, judge).items()]
        assert shown[1:] == expected
        # Of a formula nothing is computed: the cell is a text, and stays one when it is edited.
        assert {row[1].data_type for row in cells} == {"s"}
        assert {row[1].quotePrefix for row in cells[1:]} == {judge == FORMULA}
    assert book[DATED].max_row == 1


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a/b", "a:b", "A_B"], ["a_b", "a_b (2)", "A_B (3)"]),
        (["x" * 60, "x" * 40, "X" * 31], ["x" * 31, "x" * 27 + " (2)", "X" * 27 + " (3)"]),
        (["[*?]\\", "'quoted'", "History", ""], ["_____", "quoted", "History (2)", "_"]),
        (["\U0001f600 judge", "\x07", "Prüfer (大)"], ["_ judge", "_", "Prüfer (大)"]),
    ],
)
def test_sheets_are_named_as_excel_allows(names: list[str], expected: list[str]) -> None:
    assert sheet_names(names) == expected
    book = openpyxl.Workbook()
    for name in expected:
        assert book.create_sheet(name).title == name  # it refuses what Excel refuses, and renames doubles


def test_predictions_leave_only_as_the_releases_own_texts_do(
    cast: Cast, votes: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = _downloaded(cast, votes)
    assert sum(name.startswith("reference/predictions/") for name in held) == 4
    assert "not here" not in held["reference/README.txt"]
    monkeypatch.setattr(take, "MOST_AT_ONCE", 20)
    assert "up to 50 rows" in _without_predictions(cast, votes)
    monkeypatch.undo()
    name = str(cast.anna.display_name)
    monkeypatch.setattr(
        "benchmark.report.predictions.published_facts", lambda case: _facts(case, f"Asked by {name}.")
    )
    assert "row 1, field question: it holds a person's name" in _without_predictions(cast, votes)
    monkeypatch.undo()
    Source.objects.filter(study=votes.study).update(may_redistribute=False)
    assert "does not permit being passed on" in _without_predictions(cast, votes)
    taken = AuditEvent.objects.filter(action="report.taken").order_by("sequence")
    assert [event.data["predictions"] for event in taken] == [True, False, False, False]


def test_without_a_case_that_fits_there_are_no_predictions(cast: Cast) -> None:
    bare = making.preferences(cast, "AB")  # of no organ system
    judged(cast, bare, "judge", ["AAAAAA"] * 2)
    assert "No judged case of this release fits" in _without_predictions(cast, bare)


def _facts(case: Mapping[str, Any], question: str) -> dict[str, str]:
    names = ("dataset", "modality_type", "question_type", "image_id", "body_part")
    return {**dict.fromkeys(names, ""), "question_id": case["id"], "question": question}


def _without_predictions(cast: Cast, votes: Release) -> str:
    """What the download says of predictions that it does not hold; everything else is there."""
    held = _downloaded(cast, votes)
    assert not [name for name in held if name.startswith("reference/predictions/")]
    assert {"report.html", "reference/results.csv", "reference/results.xlsx"} <= set(held)
    return held["reference/README.txt"].split("The predictions are not here. ", 1)[1]


def _downloaded(cast: Cast, votes: Release) -> dict[str, str]:
    client = Client()
    client.force_login(cast.lena)
    answer: Any = client.get(reverse("benchmark:report-files", args=[votes.study.slug, votes.pk]))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    return {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
