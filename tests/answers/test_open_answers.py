"""Answers without options: what is read from a reply, exact match and token recall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilium.answers.open_answers import (
    AnswerKind,
    exact_match,
    kind_of_question,
    said,
    token_recall,
    tokens,
)


@pytest.mark.parametrize(
    ("options", "reference", "stated", "kind"),
    [
        ({"A": "Yes", "B": "No"}, "Yes", "closed", AnswerKind.CHOICE),
        ({}, "Yes", "", AnswerKind.CLOSED),
        ({}, " no. ", "", AnswerKind.CLOSED),
        ({}, "left", "closed", AnswerKind.CLOSED),
        ({}, "left", "", AnswerKind.OPEN),
        ({}, "Yes", "open", AnswerKind.OPEN),
        ({}, "right lower lobe", "open", AnswerKind.OPEN),
        ({}, "", "open", None),
        ({}, " ?! ", "closed", None),
    ],
)
def test_a_question_is_scored_by_its_options_or_its_reference(
    options: dict[str, str], reference: str, stated: str, kind: AnswerKind | None
) -> None:
    assert kind_of_question(options, reference, stated) is kind


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("<think>Maybe no.</think><answer> Yes. </answer>", "Yes."),
        ("<answer>No</answer> wait <answer>Yes</answer>", "Yes"),
        ("<answer>Yes", "Yes"),
        ("<think>The lobe</think> Right lower lobe.", "Right lower lobe."),
        ("Right lower lobe", "Right lower lobe"),
        ("<think>Never <answer>Yes</answer>", "Yes"),
        ("<think>It never ends", ""),
        ("<answer> </answer> Yes", ""),
        ("", ""),
    ],
)
def test_the_answer_is_in_its_block_or_outside_the_thinking(reply: str, answer: str) -> None:
    assert said(reply) == answer


@pytest.mark.parametrize(
    ("answer", "reference", "is_same"),
    [
        ("Yes.", "yes", True),
        ("\uff39\uff25\uff33", "yes", True),
        ("The left lung", "left lung", True),
        ("3.5 cm", "3.5 cm", True),
        ("3.5 cm", "35 cm", False),
        ("Yes, there is.", "yes", False),
        ("not yes", "yes", False),
        ("lung left", "left lung", False),
        ("", "yes", False),
        ("", "", False),
    ],
)
def test_a_closed_answer_matches_exactly_but_for_its_form(answer: str, reference: str, is_same: bool) -> None:
    assert exact_match(answer, reference) is is_same


@pytest.mark.parametrize(
    ("answer", "reference", "recall"),
    [
        ("Right lower lobe", "right lower lobe", 1.0),
        ("It lies in the lower lobe.", "right lower lobe", 2 / 3),
        ("pneumonia", "right lower lobe", 0.0),
        ("left", "left and left", 1 / 3),
        ("left, left and left", "left and left", 1.0),
        ("\u5de6\u80ba", "\u5de6\u80ba\u4e0a\u53f6", 0.5),
        ("", "lobe", 0.0),
    ],
)
def test_an_open_answer_counts_the_words_of_the_reference_that_it_holds(
    answer: str, reference: str, recall: float
) -> None:
    assert token_recall(answer, reference) == pytest.approx(recall)


def test_a_reference_without_words_cannot_be_recalled() -> None:
    with pytest.raises(ValueError, match="no word"):
        token_recall("yes", "...")


@given(st.text(), st.text())
def test_a_match_is_a_whole_recall_and_more_words_never_cost_any(answer: str, reference: str) -> None:
    if not tokens(reference):
        return
    recall = token_recall(answer, reference)
    assert 0 <= recall <= 1
    assert recall == 1 or not exact_match(answer, reference)
    assert token_recall(f"{answer} {reference}", reference) == 1
    assert 0 <= token_recall(said(answer), reference) <= 1
