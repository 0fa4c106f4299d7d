"""The automatic checks of a trace and the normalisation of answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilium.answers.checks import (
    CheckOutcome,
    TraceLimits,
    check_duplicate,
    check_given_answer,
    run_checks,
)
from consilium.answers.normalise import normalise

STEPS = " ".join(f"Finding number {number} is seen in the image." for number in range(12))
TRACE = f"<think>{STEPS}</think><answer>B</answer>"


def words(text: str) -> int:
    return len(text.split())


def failed(text: str, *, gold: str | None = "B", others: list[str] | None = None) -> list[str]:
    outcomes = run_checks(text, letters="ABCD", gold=gold, count_tokens=words, others=others or [])
    return [outcome.name for outcome in outcomes if not outcome.passed]


def test_a_good_trace_passes_all_five() -> None:
    outcomes = run_checks(TRACE, letters="ABCD", gold="B", count_tokens=words)
    assert [outcome.name for outcome in outcomes] == [
        "format",
        "letter_equals_gold",
        "token_count",
        "no_given_answer",
        "no_near_duplicate",
    ]
    assert all(outcome.passed and outcome.detail for outcome in outcomes)


def test_each_check_fails_on_its_own() -> None:
    assert failed(TRACE + " more") == ["format"]
    assert failed(TRACE, gold="C") == ["letter_equals_gold"]
    assert failed(TRACE.replace("<answer>B", "<answer>none")) == ["letter_equals_gold"]
    assert failed("<think>short</think><answer>B</answer>") == ["token_count"]
    assert failed(TRACE.replace("is seen", "is seen " + "very " * 60)) == ["token_count"]
    assert failed(TRACE.replace("Finding number 3", "The given answer")) == ["no_given_answer"]
    assert failed(TRACE, others=["another", TRACE.replace("number 3", "number 4")]) == ["no_near_duplicate"]


def test_token_limits_are_inclusive() -> None:
    limits = TraceLimits(minimum_tokens=3, maximum_tokens=3)
    outcome = run_checks("a b c", letters="", gold=None, count_tokens=words, limits=limits)[2]
    assert outcome == CheckOutcome("token_count", True, "3 tokens, allowed 3 to 3")


def test_without_a_gold_letter_there_is_nothing_to_compare() -> None:
    assert failed(TRACE, gold=None) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Since the provided answer is B, this fits.",
        "According to the answer key it is B.",
        "The answer was given as B.",
        "Given that the correct answer is B, we look for it.",
        "I was told the answer.",
        "This matches the ground-truth answer.",
        "It agrees with the reference answer.",
    ],
)
def test_reference_to_a_given_answer(sentence: str) -> None:
    outcome = check_given_answer(f"A mass is seen. {sentence} So B.")
    assert not outcome.passed
    assert sentence in outcome.detail


@pytest.mark.parametrize(
    "sentence",
    [
        "The answer is B.",
        "So the correct answer is B.",
        "Of the given answer options only B fits.",
        "Given the known history of asthma, B is likely.",
        "The expected finding is absent.",
    ],
)
def test_ordinary_reasoning_is_no_reference(sentence: str) -> None:
    assert check_given_answer(sentence).passed


def test_similarity_is_reported() -> None:
    outcome = check_duplicate(TRACE, others=[TRACE.upper()], limits=TraceLimits())
    assert outcome.detail == "highest similarity 1.00, limit 0.80"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("As an AI language model, I see a mass.", "I see a mass."),
        ("I am Qwen2-VL, made by a company. The **lesion** is big.", "The lesion is big."),
        ("Hello! I'm an AI assistant. There is a mass.", "There is a mass."),
        ("# Head\r\n* one\r\n\u2022 two\r\n\r\n\r\n\r\nend\u200b  ", "Head\n- one\n- two\n\nend"),
        ("As an adult patient, he is at risk. I am sure.", "As an adult patient, he is at risk. I am sure."),
        ("+ HER2 positive, 2 * 3 cm", "+ HER2 positive, 2 * 3 cm"),
        ("The claude duct is seen.", "The claude duct is seen."),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text(alphabet="#*_ \n\tabI.am GPT-4,asn AI model\u200b\u0301\r", max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
