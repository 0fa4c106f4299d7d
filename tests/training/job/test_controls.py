"""Control tokens of the base's own vocabulary, inside what people wrote."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from consilium.answers.escape import escape_tokens
from tests.training.job.conftest import dsa_spec, finish
from tests.training.job.release import write_release
from training.demo_models import corpus, model, teaching_set
from training.job import data
from training.job.controls import without_controls
from training.job.data import Sample
from training.job.spec import SpecError


@pytest.fixture(scope="module")
def processor() -> Any:
    return model.build_processor(corpus.vocabulary(teaching_set.make(8, seed=0)))


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    return data.load(write_release(tmp_path, 2))


def change(sample: Sample, **texts: Any) -> Sample:
    values = {name: getattr(sample, name) for name in Sample.__dataclass_fields__}
    return Sample(**values | texts)


def test_ordinary_texts_and_the_format_stay(samples: list[Sample], processor: Any) -> None:
    odd = change(samples[0], question="p < 0.05, [a] and {b}, <image> of <b>\u00e4\u4e2d</b>", gold="<unk>")
    assert without_controls([odd, *samples], processor) == ([odd, *samples], {})


@pytest.mark.parametrize("token", [word for word in model.SPECIAL if word != model.UNKNOWN])
def test_every_control_token_of_the_base_is_written_with_round_brackets(
    samples: list[Sample], processor: Any, token: str
) -> None:
    text, shown = f"see {token}here", f"see ({token[1:-1]})here"
    hostile = change(samples[1], question=text, options={"A": text, "B": "b"}, gold=text, reply=text)
    plain, changed = without_controls([samples[0], hostile], processor)
    assert plain == [
        samples[0],
        change(hostile, question=shown, options={"A": shown, "B": "b"}, gold=shown, reply=shown),
    ]
    assert changed == {"control_tokens_escaped": ["t1"]}


def test_a_control_token_that_cannot_be_written_otherwise_names_the_row(samples: list[Sample]) -> None:
    base = model.build_processor(["some words"])
    base.tokenizer.add_special_tokens({"additional_special_tokens": ["STOP"]})
    hostile = change(samples[1], reply="<think>STOP the drug</think><answer>A</answer>")
    with pytest.raises(
        SpecError, match=r"row 't1', rows\.jsonl line 2 holds 'STOP', a control token of the base"
    ):
        without_controls([hostile], base)


def test_tokens_that_the_processor_names_count(samples: list[Sample]) -> None:
    """Some bases list their image token among the ordinary words."""
    tokenizer = model.build_processor(["some words"], phrases=["<picture>"]).tokenizer
    hostile = change(samples[0], reply="a <picture> of it")
    names = SimpleNamespace(tokenizer=tokenizer, image_token="<picture>", other_token=None)
    assert without_controls([hostile], SimpleNamespace(tokenizer=tokenizer))[0] == [hostile]
    assert without_controls([hostile], names)[0] == [change(hostile, reply="a (picture) of it")]


def test_longer_tokens_come_first_and_brackets_decide() -> None:
    tokens = ["<a>", "<a><b>", "[INST]", "STOP", "<\uff5ceos\uff5c>"]
    text = "<a><b> <a> [INST] STOP <\uff5ceos\uff5c>"
    assert escape_tokens(text, tokens) == "(a><b) (a) (INST) STOP (\uff5ceos\uff5c)"
    assert escape_tokens(text, ["STOP"]) == text


def test_a_run_trains_on_rows_with_all_of_it(bench: Path) -> None:
    """Separators inside strings, options without a text and image tokens: no row stops the run."""
    folder = bench / "odd_data"
    shutil.copytree(bench / "data", folder)
    path = folder / "rows.jsonl"
    rows = [json.loads(line) for line in path.read_text().split("\n") if line]
    rows = [row for row in rows if row["specialty"] == "pediatrics"][:4]
    rows[0]["question"] = f"Findings:\u2028x\u2029y\u0085z. {rows[0]['question']}"
    rows[1]["options"] |= {"Y": None}
    rows[2]["reasoning"] = "<start_of_image> is shown.<image_soft_token><end_of_turn>"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    quick = {"max_steps": 1, "batch": 4, "micro_batch": 4, "max_pixels": 3136}
    done = finish(dsa_spec(bench, "odd_rows", **quick) | {"data": str(folder)})
    inputs = json.loads((done.out / "run_card.json").read_text())["inputs"]
    changed = {"control_tokens_escaped": [rows[2]["id"]]}
    assert inputs == {"traces": 4, "specialty": "pediatrics", **changed}
