"""The published layout of Med-RewardBench: exact columns, exact labels, and our figure by its method."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image as Picture

from benchmark.leaderboard import judge_lines
from consilium.answers.dimensions import DIMENSIONS
from consilium.blobs.store import read_blob
from curation.layouts import parquet
from curation.layouts.registry import NothingFits
from curation.models import Release
from curation.releases.contents import NewRow
from curation.releases.export import write_export
from curation.releases.freeze import freeze, rows_of, side_rows_of
from tests.curation.layouts.test_hub import load
from tests.factories import benchmark as judging
from tests.factories import releases as making
from tests.factories.cast import Cast

# METHOD.md section 4, in the published order.
COLUMNS = [
    "image", "question", "answer1_text", "answer2_text", "question_id", "dataset", "modality_type",
    "question_type", "image_id", "body_part",
]  # fmt: skip


@pytest.fixture
def release(cast: Cast) -> Release:
    return making.preferences(cast)


def kept_rows(release: Release) -> list[dict[str, Any]]:
    """The rows that the layout can hold, as they were frozen."""
    rows = [row.content for row in rows_of(release)]
    return [row for row in rows if row["organ_system"] and all(row["label"].values())]


def test_pairs_load_with_the_published_columns_in_their_order(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    import datasets

    folder = write_export(release, tmp_path / "out", layout="medrewardbench")
    files = sorted((folder / "pair_gt_all" / "parquet").iterdir())
    assert [file.name for file in files] == ["brain.parquet", "lung.parquet"]
    loaded = datasets.load_dataset(
        "parquet", data_files=list(map(str, files)), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.column_names == COLUMNS
    assert str(loaded.features["image"]) == str(datasets.Image())
    assert {str(loaded.features[name].dtype) for name in COLUMNS[1:]} == {"string"}
    expected = kept_rows(release)
    assert len(loaded) == len(expected) == 3
    by_id = {pair["question_id"]: pair for pair in loaded}
    for row in expected:
        pair = by_id[row["id"]]
        kept = Picture.open(io.BytesIO(read_blob(row["sha256"][0])))
        assert (pair["image"].size, pair["image"].tobytes()) == (kept.size, kept.tobytes())
        assert (pair["answer1_text"], pair["answer2_text"]) == (row["answer_a"], row["answer_b"])
        assert pair["modality_type"] == row["organ_system"]
        assert pair["question"] == f"{row['question']}\nA. A red field\nB. A blue field"
        assert (pair["dataset"], pair["body_part"], pair["question_type"]) == (
            "Own archive",
            "head",
            "diagnosis",
        )


def test_label_files_are_one_object_a_line_with_six_letters(release: Release, tmp_path: Path) -> None:
    folder = write_export(release, tmp_path / "out", layout="medrewardbench")
    found = []
    for organ in ("brain", "lung"):
        lines = (folder / "pair_gt_all" / f"{organ}.jsonl").read_bytes().splitlines()
        ids = pq.read_table(folder / "pair_gt_all" / "parquet" / f"{organ}.parquet")["question_id"]
        labels = [json.loads(line) for line in lines]
        assert [label["question_id"] for label in labels] == ids.to_pylist()
        found += labels
    assert all(set(label) == {"question_id", "human_answer"} for label in found)
    expected = {row["id"]: row["label"] for row in kept_rows(release)}
    assert {label["question_id"]: label["human_answer"] for label in found} == expected
    assert set(DIMENSIONS) == set(found[0]["human_answer"])


def test_what_it_cannot_hold_is_counted_and_its_votes_stay_out_too(release: Release, tmp_path: Path) -> None:
    folder = write_export(release, tmp_path / "out", layout="medrewardbench")
    card = (folder / "README.md").read_text()
    assert "in this layout, a dimension has no label: 1" in card
    assert "in this layout, no organ system: 1" in card
    kept = {row["id"] for row in kept_rows(release)}
    for name in ("votes", "consensus", "responses"):
        rows = pq.read_table(folder / f"{name}.parquet").to_pylist()
        assert {row["case_id"] for row in rows} == kept
    votes = {row.row_id for row in side_rows_of(release, "votes") if row.content["case_id"] in kept}
    assert {row["id"] for row in pq.read_table(folder / "votes.parquet").to_pylist()} == votes


def test_a_layout_that_can_hold_no_row_is_refused_with_its_reasons(
    cast: Cast, release: Release, tmp_path: Path
) -> None:
    news = [
        NewRow(
            row.row_id,
            row.content | {"organ_system": ""},
            {row.content["images"][0]: row.content["sha256"][0]},
        )
        for row in rows_of(release)
    ]
    none = freeze(study=cast.study, kind="preferences", name="None", rows=news, left_out={}, by=cast.lena)
    with pytest.raises(NothingFits, match=r"a dimension has no label: 1; no organ system: 4\."):
        write_export(none, tmp_path / "out", layout="medrewardbench")
    assert list(tmp_path.iterdir()) == []


def test_one_file_an_organ_whatever_its_size(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 1)
    monkeypatch.setattr(parquet, "SHARD_BYTES", 1)
    folder = write_export(release, tmp_path / "out", layout="medrewardbench")
    names = [path.name for path in sorted((folder / "pair_gt_all" / "parquet").iterdir())]
    assert names == ["brain.parquet", "lung.parquet"]
    assert len(load(folder, "brain", "test", tmp_path / "cache")) == 2


# --- the reference scoring method -----------------------------------------------------------------------

LETTERS = [("A", "B"), ("B", "A"), (None, "A"), ("tie", "B"), ("B", "B")]


def reference_rows(
    folder: Path, predictions: Mapping[str, Mapping[str, str | None]], model: str
) -> list[Any]:
    """METHOD.md sections 4 and 6: an answer in the stored order is right when it is the label, else wrong."""
    table = []
    for file in sorted((folder / "pair_gt_all").glob("*.jsonl")):
        right = dict.fromkeys(DIMENSIONS, 0)
        labels = [json.loads(line) for line in file.read_text().splitlines()]
        for label in labels:
            said = predictions.get(label["question_id"], {})
            for name in DIMENSIONS:
                right[name] += said.get(name) == label["human_answer"][name]
        scores = {f"{name}_acc": round(right[name] / len(labels), 4) for name in DIMENSIONS}
        table.append({"modality": file.stem, "model": model} | scores)
    return table


@pytest.mark.parametrize("organ", ["brain", "lung"])
def test_the_reference_method_on_the_export_gives_our_own_reference_column(
    cast: Cast, release: Release, tmp_path: Path, organ: str
) -> None:
    """Our figure is over one organ here, as the table has it: the release is frozen anew with it alone."""
    rows = [row for row in kept_rows(release) if row["organ_system"] == organ]
    files = [dict(zip(row["images"], row["sha256"], strict=True)) for row in rows]
    news = [NewRow(row["id"], row, own) for row, own in zip(rows, files, strict=True)]
    part = freeze(study=cast.study, kind="preferences", name=organ, rows=news, left_out={}, by=cast.lena)
    judge = judging.endpoint("Judge")
    judging.judged(cast, part, judge, LETTERS)
    (line,) = judge_lines(part)
    folder = write_export(part, tmp_path / "out", layout="medrewardbench")
    said = {row["id"]: letters[0] for row, letters in zip(rows, LETTERS, strict=False)}
    predictions: dict[str, dict[str, str | None]] = {
        case: dict.fromkeys(DIMENSIONS, letter) for case, letter in said.items()
    }
    (told,) = reference_rows(folder, predictions, "Judge")
    assert list(told) == ["modality", "model", *(f"{name}_acc" for name in DIMENSIONS)]
    assert told["modality"] == organ
    ours = {f"{row.dimension}_acc": row.reference for row in line.rows}
    assert {name: f"{value:.4f}" for name, value in told.items() if name.endswith("_acc")} == {
        name: f"{value:.4f}" for name, value in ours.items()
    }
