"""Reading a materialised trace release: training rows only, every image checked, faults named by line."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.training.job.release import write_release
from training.job import data
from training.job.spec import SpecError


def change_row(folder: Path, number: int, **values: Any) -> None:
    path = folder / "rows.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[number].update(values)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_only_training_rows_of_the_specialty(tmp_path: Path) -> None:
    write_release(tmp_path, 12)
    change_row(tmp_path, 1, split="test")
    change_row(tmp_path, 5, split="dev")
    samples = data.load(tmp_path, "pediatrics")
    assert [sample.id for sample in samples] == ["t9"]
    assert len(data.load(tmp_path)) == 10


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    write_release(tmp_path, 4)
    with pytest.raises(SpecError, match="no trace of dermatology"):
        data.load(tmp_path, "dermatology")
    with pytest.raises(SpecError, match=r"no rows\.jsonl"):
        data.load(tmp_path / "images")


def test_faults_name_the_line(tmp_path: Path) -> None:
    write_release(tmp_path, 4)
    change_row(tmp_path, 2, sha256=["0" * 64])
    with pytest.raises(SpecError, match=r"line 3: image .* does not match its checksum"):
        data.load(tmp_path)
    change_row(tmp_path, 2, images=["../elsewhere.png"], sha256=[])
    with pytest.raises(SpecError, match=r"line 3: image .* is not in the release folder"):
        data.load(tmp_path)
    change_row(tmp_path, 1, answer_label="E")
    with pytest.raises(SpecError, match="line 2: answer_label 'E'"):
        data.load(tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"id": 1\n')
    with pytest.raises(SpecError, match="line 1 is not JSON"):
        data.load(tmp_path)


def test_reasoning_without_tags_is_put_in_the_format(tmp_path: Path) -> None:
    write_release(tmp_path, 1)
    change_row(tmp_path, 0, reasoning="The image is red.", answer_label="B")
    assert data.load(tmp_path)[0].reply == "<think>The image is red.</think><answer>B</answer>"


def test_prompts_differ_by_paradigm_only(tmp_path: Path) -> None:
    write_release(tmp_path, 1)
    sample = data.load(tmp_path)[0]
    assert sample.prompt() == sample.prompt("neutral")
    assert len({sample.prompt(name) for name in ("neutral", "differential", "intuitive")}) == 3


def test_large_images_are_reduced_to_the_limit(tmp_path: Path) -> None:
    Image.new("L", (400, 100)).save(tmp_path / "wide.png")
    picture = data.open_images([str(tmp_path / "wide.png")], max_pixels=10_000)[0]
    assert picture.mode == "RGB"
    assert picture.size == (200, 50)
