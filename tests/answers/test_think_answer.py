"""The strict think/answer format, rejoining and steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilium.answers.steps import split_steps
from consilium.answers.think_answer import FormatOutcome, compose, format_ok, parse_think_answer, rejoin

GOOD = "<think>One finding.\nSo B.</think>\n<answer>B</answer>"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (GOOD, FormatOutcome.OK),
        (f"  \n{GOOD}\n ", FormatOutcome.OK),
        ("<answer>B</answer>", FormatOutcome.NO_THINK),
        ("", FormatOutcome.NO_THINK),
        ("<think>x</think> B", FormatOutcome.NO_ANSWER),
        ("<think>x <answer>B</answer>", FormatOutcome.UNCLOSED),
        ("<think>x</think><answer>B", FormatOutcome.UNCLOSED),
        ("<think>x", FormatOutcome.UNCLOSED),
        ("<think>x</think><think>y</think><answer>B</answer>", FormatOutcome.REPEATED),
        ("<think>x</think><answer>B</answer><answer>C</answer>", FormatOutcome.REPEATED),
        ("<answer>B</answer><think>x</think>", FormatOutcome.WRONG_ORDER),
        ("<think>x<answer>B</answer></think>", FormatOutcome.WRONG_ORDER),
        ("<think> </think><answer>B</answer>", FormatOutcome.EMPTY_THINK),
        ("<think>x</think><answer>\n</answer>", FormatOutcome.EMPTY_ANSWER),
        (f"Sure. {GOOD}", FormatOutcome.TEXT_OUTSIDE),
        (f"{GOOD} Done.", FormatOutcome.TEXT_OUTSIDE),
        ("<think>x</think> so <answer>B</answer>", FormatOutcome.TEXT_OUTSIDE),
    ],
)
def test_outcome(text: str, outcome: FormatOutcome) -> None:
    assert parse_think_answer(text).outcome is outcome
    assert format_ok(text) is (outcome is FormatOutcome.OK)


def test_parts_are_stripped() -> None:
    parsed = parse_think_answer("<think>\n x \n</think><answer> B </answer>")
    assert (parsed.thinking, parsed.answer) == ("x", "B")


@pytest.mark.parametrize(
    ("content", "thinking", "expected"),
    [
        ("<answer>B</answer>", "x", "<think>x</think><answer>B</answer>"),
        ("\n</think>\n<answer>B</answer>", "<think>x</think>", "<think>x</think><answer>B</answer>"),
        (GOOD, "again", GOOD),
        ("B", None, "B"),
        ("B", "  ", "B"),
        (None, None, ""),
        (None, "x", "<think>x</think>"),
    ],
)
def test_rejoin(content: str | None, thinking: str | None, expected: str) -> None:
    assert rejoin(content, thinking) == expected


@given(st.text(alphabet=st.characters(exclude_characters="<>"), min_size=1).filter(str.strip))
def test_composed_text_is_in_the_format(step: str) -> None:
    assert parse_think_answer(compose([step], "B")).thinking == step.strip()


def test_numbered_lines_are_steps() -> None:
    text = "Look first.\n1. One.\n   more of it\n2) Two.\n  1. nested\nStep 3: Three.\n12. rib fractured"
    assert split_steps(text) == [
        "Look first.",
        "One. more of it",
        "Two. 1. nested",
        "Three. 12. rib fractured",
    ]


def test_measurements_at_line_starts_are_not_numbers() -> None:
    assert split_steps("1.5 cm nodule.\n\n2 cm node.") == ["1.5 cm nodule.", "2 cm node."]


def test_one_numbered_line_is_no_numbering() -> None:
    assert split_steps("1. Only this. And that.") == ["1. Only this.", "And that."]


def test_paragraphs_are_steps() -> None:
    assert split_steps("A mass. It is big.\n\nSo it\nis a tumour.") == [
        "A mass. It is big.",
        "So it is a tumour.",
    ]


def test_one_paragraph_is_split_into_sentences_but_not_at_abbreviations() -> None:
    text = "The nodule, e.g. Fig. 3, is 1.5 cm. Dr. X agrees! (Is it new?) Yes."
    assert split_steps(text) == [
        "The nodule, e.g. Fig. 3, is 1.5 cm.",
        "Dr. X agrees!",
        "(Is it new?)",
        "Yes.",
    ]


def test_nothing_gives_no_steps() -> None:
    assert split_steps(" \n ") == []


@given(st.text(alphabet="ab.1 2)\n", max_size=80))
def test_steps_are_stripped_and_lose_only_numbers(text: str) -> None:
    steps = split_steps(text)
    assert all(step and step == step.strip() for step in steps)
    assert [char for char in "".join(steps) if char in "ab"] == [char for char in text if char in "ab"]
