"""Reading a materialised trace release: training rows only, every image checked, faults named by line."""

import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.training.job.release import write_release
from training.job import data
from training.job.spec import SpecError


def change_row(folder: Path, number: int, **values: Any) -> None:
    path = folder / "rows.jsonl"
    rows = [json.loads(line) for line in path.read_text().split("\n") if line]
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
    (tmp_path / "images" / "rows.jsonl").symlink_to(tmp_path / "rows.jsonl")
    with pytest.raises(SpecError, match=r"no rows\.jsonl of its own"):
        data.load(tmp_path / "images")


def test_faults_name_the_line(tmp_path: Path) -> None:
    write_release(tmp_path, 4)
    change_row(tmp_path, 2, sha256=["0" * 64])
    with pytest.raises(SpecError, match=r"line 3: image .* does not match its checksum"):
        data.load(tmp_path)
    change_row(tmp_path, 2, images=["../elsewhere.png"], sha256=[])
    with pytest.raises(SpecError, match=r"line 3: image .* is not in the release folder"):
        data.load(tmp_path)
    (tmp_path / "images" / "link.png").symlink_to("/etc/hostname")
    change_row(tmp_path, 2, images=["images/link.png"], sha256=[])
    with pytest.raises(SpecError, match=r"line 3: image .* is not in the release folder"):
        data.load(tmp_path)
    change_row(tmp_path, 1, answer_label="E")
    with pytest.raises(SpecError, match="line 2: answer_label 'E'"):
        data.load(tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"id": 1\n')
    with pytest.raises(SpecError, match="line 1 is not JSON"):
        data.load(tmp_path)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\u000b", "\u001e"])
def test_lines_end_at_a_line_feed_only(tmp_path: Path, separator: str) -> None:
    write_release(tmp_path, 4)
    change_row(tmp_path, 1, question=f"Findings:{separator}which one?")
    path = tmp_path / "rows.jsonl"
    rows = [json.loads(line) for line in path.read_text().split("\n") if line]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_bytes("\r\n".join(lines).encode() + b"\n\n")
    samples = data.load(tmp_path)
    assert len(samples) == 4
    assert samples[1].question == f"Findings:{separator}which one?"
    assert samples[3].place == "row 't3', rows.jsonl line 4"


def test_options_without_a_text_are_dropped(tmp_path: Path) -> None:
    write_release(tmp_path, 2)
    options = data.load(tmp_path)[1].options
    change_row(tmp_path, 1, options={**options, "Y": None, "Z": None})
    sample = data.load(tmp_path)[1]
    assert sample.options == options
    assert "Y." not in sample.prompt()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"options": {"A": None}}, ": none of its options has a text"),
        ({"options": {"A": "x", "B": None}, "answer_label": "B"}, ": answer_label 'B' is not one of"),
        ({"options": {"A": 5}, "answer_label": "A"}, ": option A is not text"),
        ({"options": ["x", "y"]}, ": its options are not an object"),
        ({"question": 5}, ": question is not text"),
        ({"reasoning": ["a step"]}, ": reasoning is not text"),
        ({"reasoning": "half \ud800"}, ": reasoning holds half of a character pair"),
        ({"reasoning": None}, " has no reasoning"),
        ({"sha256": ["0" * 64, "0" * 64]}, " has 1 images but 2 checksums"),
        ({"images": "images/00001.png"}, ": images or sha256 is not a list"),
        ({"options": {"A": "x", "AB": "y"}, "answer_label": "A"}, ": option 'AB' is not named by one letter"),
        ({"options": {"a": "x"}, "answer_label": "a"}, ": option 'a' is not named by one letter"),
        (
            {"options": {"A": "lobe", "B": "Measles "}, "answer_label": "A", "answer": "measles"},
            ": answer_label 'A' is not the option that its answer names, 'B'",
        ),
        ({"reasoning": "<think>so</think><answer>E</answer>"}, ": its own reply does not answer 'B'"),
        ({"reasoning": "<think>so</think><answer>B or C</answer>"}, ": its own reply does not answer 'B'"),
        (
            {"reasoning": "<think>so</think><answer>B</answer><answer>B</answer>"},
            ": its reasoning is not one think and one answer block (a block occurs more than once)",
        ),
        ({"reasoning": "<think>so</think><think>or</think><answer>B</answer>"}, ": its reasoning is not one"),
        ({"reasoning": "so <answer>B"}, ": its reasoning is not one think and one answer block"),
        ({"reasoning": "so</think><answer>B</answer>"}, ": its reasoning is not one think and one answer"),
        (
            {"options": {}, "answer_label": "", "reasoning": "<think>so</think><answer>oedema</answer>"},
            ": its own reply does not answer",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_what_to_do(
    tmp_path: Path, change: dict[str, Any], fault: str
) -> None:
    write_release(tmp_path, 3)
    assert data.load(tmp_path)[1].gold == "B"
    change_row(tmp_path, 1, **change)
    with pytest.raises(SpecError) as caught:
        data.load(tmp_path)
    assert str(caught.value).startswith(f"data: row 't1', rows.jsonl line 2{fault}")
    assert str(caught.value).endswith(". Correct it or leave it out, and freeze a new release.")


@pytest.mark.parametrize("line", [b'{"id": "\xff"}', b"[" * 100_000])
def test_a_line_that_is_not_readable_is_named(tmp_path: Path, line: bytes) -> None:
    write_release(tmp_path, 1)
    with (tmp_path / "rows.jsonl").open("ab") as out:
        out.write(line + b"\n")
    with pytest.raises(SpecError, match="line 2 is not JSON"):
        data.load(tmp_path)


def test_reasoning_without_tags_is_put_in_the_format(tmp_path: Path) -> None:
    write_release(tmp_path, 1)
    change_row(tmp_path, 0, reasoning="The image is red.")
    sample = data.load(tmp_path)[0]
    assert sample.reply == f"<think>The image is red.</think><answer>{sample.gold}</answer>"
    change_row(tmp_path, 0, options={}, answer_label="", answer="pleural effusion")
    assert data.load(tmp_path)[0].reply.endswith("<answer>pleural effusion</answer>")


def picture(kind: str) -> bytes:
    """The same picture, encoded in one way or another."""
    target = io.BytesIO()
    Image.radial_gradient("L").save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        picture("PNG")[:2000],
        picture("JPEG")[:600],
        b"GIF89a",
        picture("TIFF"),
        b"",
        b"%!PS-Adobe-3.0 EPSF-3.0",
    ],
    ids=["cut PNG", "cut JPEG", "GIF", "TIFF", "empty", "PostScript"],
)
def test_an_image_that_cannot_be_decoded_names_the_row(tmp_path: Path, content: bytes) -> None:
    """Its checksum is right: the release was made of it."""
    write_release(tmp_path, 3)
    (tmp_path / "images" / "00001.png").write_bytes(content)
    change_row(tmp_path, 1, sha256=[hashlib.sha256(content).hexdigest()])
    with pytest.raises(SpecError, match=r"'t1', rows\.jsonl line 2: image '00001\.png' cannot be decoded"):
        data.load(tmp_path)


def test_an_image_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(tmp_path, 1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(SpecError, match="cannot be decoded"):
        data.load(tmp_path)


def test_the_digest_covers_rows_and_pictures_without_a_checksum(tmp_path: Path) -> None:
    write_release(tmp_path, 2)
    change_row(tmp_path, 1, sha256=[])
    found = [data.rows_digest(tmp_path)]
    (tmp_path / "images" / "00001.png").write_bytes(picture("PNG"))
    found.append(data.rows_digest(tmp_path))
    change_row(tmp_path, 0, question="Another one?")
    found.append(data.rows_digest(tmp_path))
    assert len(set(found)) == 3
    (tmp_path / "notes.txt").write_text("not part of it")
    assert data.rows_digest(tmp_path) == found[-1]


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


INPUTS = Path(__file__).parent / "inputs"


@pytest.mark.parametrize("name", ["control", "line_separator", "next_line", "null_options"])
def test_rows_that_stopped_others_are_read(tmp_path: Path, name: str) -> None:
    """Faults of public reports (datalad#3523, tau#354, datasets#6699): read as the row without a fault."""
    shutil.copytree(INPUTS / "images", tmp_path / "images")
    shutil.copyfile(INPUTS / f"{name}.jsonl", tmp_path / "rows.jsonl")
    shutil.copyfile(INPUTS / "control.jsonl", tmp_path / "control.jsonl")
    found = data.load(tmp_path, "pediatrics")
    (tmp_path / "control.jsonl").replace(tmp_path / "rows.jsonl")
    control = data.load(tmp_path, "pediatrics")
    for sample, other in zip(found, control, strict=True):
        assert (sample.options, sample.gold, sample.images) == (other.options, other.gold, other.images)
        assert sample.question.endswith(other.question)
