"""The probability of a dimension is that of the letter which decided it, or there is none."""

import math

import pytest

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.letter_probabilities import stated_probabilities
from consilium.answers.verdicts import parse_verdict


def letters_at(text: str, shares: list[tuple[float, float]]) -> list[dict[str, float]]:
    """Every A and B that stands alone in the text, with these probabilities in their order."""
    places = [
        place
        for place, sign in enumerate(text)
        if sign in "AB"
        and not text[place - 1 : place].isalpha()
        and not text[place + 1 : place + 2].isalpha()
    ]
    assert len(places) == len(shares)
    return [
        {"at": place, "A": math.log(a), "B": math.log(b)}
        for place, (a, b) in zip(places, shares, strict=True)
    ]


def stated(text: str, *shares: tuple[float, float]) -> dict[str, float]:
    parsed = {name: choice and choice.value for name, choice in parse_verdict(text).verdicts.items()}
    found = stated_probabilities(text, parsed, letters_at(text, list(shares)))
    return {name: round(value, 3) for name, value in found.items()}


def test_each_dimension_has_the_probability_of_its_own_letter() -> None:
    text = '{"reason": "A is shorter", "accuracy": "A", "relevance": "B", "overall": "Assistant A"}'
    shares = [(0.5, 0.5), (0.9, 0.1), (0.2, 0.6), (0.3, 0.1)]
    assert stated(text, *shares) == {"accuracy": 0.9, "relevance": 0.25, "overall": 0.75}


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("overall: B", [(0.2, 0.8)]),
        ("**Overall**: [B]", [(0.2, 0.8)]),
        ("| overall | B |\n", [(0.2, 0.8)]),
        ("Both are fine. [[B]]", [(0.2, 0.8)]),
        ("B", [(0.2, 0.8)]),
        ("<think>overall: B? or A</think>overall: B", [(0.5, 0.5), (0.5, 0.5), (0.2, 0.8)]),
        ("overall: B\noverall: B", [(0.2, 0.8), (0.001, 0.999)]),  # the second only repeats
    ],
)
def test_forms_in_which_judges_decide(text: str, shares: list[tuple[float, float]]) -> None:
    assert stated(text, *shares) == {"overall": 0.2}


@pytest.mark.parametrize(
    "text",
    ['{"overall": {"winner": "A"}}', '{"overall": "tie"}', '{"overall": "A|B"}', "overall: A\noverall: B"],
)
def test_a_letter_that_cannot_be_told_has_no_probability(text: str) -> None:
    shares = [(0.5, 0.5)] * sum(text.count(f"{mark}{letter}") for letter in "AB" for mark in '"|')
    shares = shares or [(0.5, 0.5)] * (text.count(": A") + text.count(": B"))
    assert stated(text, *shares) == {}


def test_a_letter_that_was_not_told_counts_as_impossible() -> None:
    parsed = dict.fromkeys(DIMENSIONS) | {"overall": "A"}
    assert stated_probabilities("overall: A", parsed, [{"at": 9, "A": -0.1}]) == {"overall": 1.0}
    assert stated_probabilities("overall: A", parsed, [{"at": 8, "A": -0.1}]) == {}
    assert stated_probabilities("overall: A", parsed, []) == {}
