"""Judge replies: what counts as a verdict and what does not."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.verdicts import VerdictChoice, parse_value, parse_verdict

ALL_B = json.dumps(dict.fromkeys(DIMENSIONS, "B"))


def stated(text: str) -> dict[str, str]:
    return {dimension: choice.value for dimension, choice in parse_verdict(text).verdicts.items() if choice}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"Accuracy": "a", " OVERALL ": "Assistant B"}', {"accuracy": "A", "overall": "B"}),
        ('{"verdict": {"accuracy": {"winner": "A", "reason": "B is bad"}}}', {"accuracy": "A"}),
        ('[{"dimension": "Accuracy", "winner": "A"}, {"dimension": "overall", "choice": "tie"}]',
         {"accuracy": "A", "overall": "tie"}),
        ('{"accuracy": "A", "reasons": {"accuracy": "B invents"}}', {"accuracy": "A"}),
        ('{"accuracy": "A"} then {"accuracy": "B"}', {}),
        ('{"accuracy": "A"} then {"relevance": "B"}', {"accuracy": "A", "relevance": "B"}),
        ('{"accuracy": "A"} then {"note": 1}', {"accuracy": "A"}),
        ('```json\n{"overall": "Answer 1"}\n``` [[B]]', {"overall": "A"}),
        ('{"reason": "first line\nsecond", "overall": "B"}', {"overall": "B"}),
        ('The set {A, B}: {"overall": "B"}', {"overall": "B"}),
        ('{"accuracy": "A", "accuracy": "B", "overall": "A"}', {"overall": "A"}),
        ('{"accuracy": ["A", "B"], "overall": ["A", "A"]}', {"overall": "A"}),
        ('{"accuracy": "A|B", "relevance": "A/B", "overall": "B"}', {"overall": "B"}),
        ('{"accuracy": 1, "relevance": null, "creativity": "1", "overall": {"A": 4, "B": 5}}', {}),
        ('{"accuracy": "A", "final": {"accuracy": "B"}}', {}),
        ('{"accuracy": "A", "overall": "neither"} [[B]]', {"accuracy": "A"}),
        ("**Accuracy**: A (precise)\n- Relevance: B.\n3. Overall: tie",
         {"accuracy": "A", "relevance": "B", "overall": "tie"}),
        ("Accuracy: A, Relevance: B; overall: Answer 2", {"accuracy": "A", "relevance": "B", "overall": "B"}),
        ("Accuracy: A\nAccuracy: B\nOverall: B", {"overall": "B"}),
        ("Overall: a bit vague", {}),
        ("Overall: A or B", {}),
        ('{"accuracy": "A", "overall": "B",}', {"accuracy": "A", "overall": "B"}),
        ('{"accuracy": "A", "overall": "B", "reason": "it was cut', {}),
        ('{"draft": {"overall": "A"}, "final": {"overall": ', {}),
        ("[[A]] is bad. [[B]]", {"overall": "B"}),
        ("[[A]] [[C]]", {}),
        ("B", {"overall": "B"}),
        ("**b**.", {"overall": "B"}),
        ("A is better", {"overall": "A"}),
        ("A nodule is better described", {}),
        ("Both are a bit weak.", {}),
        ("", {}),
        (f"<think>{ALL_B}</think>", {}),
        (f"<think>{ALL_B}", {}),
        (f"{ALL_B}<think>hm", {}),
        ('thinking {"overall": "A"}</think>{"overall": "B"}', {"overall": "B"}),
        ('<answer>{"overall": "B"}</answer>', {"overall": "B"}),
    ],
)  # fmt: skip
def test_reading(text: str, expected: dict[str, str]) -> None:
    assert stated(text) == expected


def test_invalid_dimensions_and_reasons_are_named() -> None:
    reading = parse_verdict(
        '{"accuracy": "A", "accuracy": "B", "relevance": "x", "overall": "A", "reason": " clear "}'
    )
    assert reading.invalid == ("accuracy", "relevance", "comprehensiveness", "creativity", "responsiveness")
    assert reading.reason.startswith(
        "JSON; accuracy contradictory; relevance not A, B or tie; comprehensiveness missing"
    )
    assert reading.rationale == "clear"


@pytest.mark.parametrize(
    "value", ["A B", "", "AB", "A|B", "1", "no", "A is bad", 1, None, True, ["A"], "assistant", "answer 3"]
)
def test_not_a_value(value: object) -> None:
    assert parse_value(value) is None


@given(
    st.lists(st.sampled_from(["A", "B", "tie"]), min_size=6, max_size=6), st.randoms(use_true_random=False)
)
def test_every_complete_object_reads_back(values: list[str], order: random.Random) -> None:
    pairs = list(zip(DIMENSIONS, values, strict=True))
    order.shuffle(pairs)
    reading = parse_verdict(f"Well, {json.dumps(dict(pairs))} is my view.")
    assert reading.verdicts == {
        dimension: VerdictChoice(value) for dimension, value in zip(DIMENSIONS, values, strict=True)
    }


@given(st.text(alphabet='{}[]":,AB overalcuy<think>/', max_size=80))
def test_any_text_is_read_without_error(text: str) -> None:
    assert set(parse_verdict(text).verdicts) == set(DIMENSIONS)


@pytest.mark.parametrize(
    "text", ['{"a":' * 50_000, '{"a":' * 900 + "1" + "}" * 900, "[" * 50_000, "<think>" * 50_000]
)
def test_deep_and_long_replies_are_invalid_without_error(text: str) -> None:
    assert stated(text) == {}
