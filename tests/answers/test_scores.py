"""Two scores become a verdict: the better one, a tie, or nothing."""

import math

import pytest

from consilium.answers.scores import NO_NUMBER, compare_scores, score_messages


@pytest.mark.parametrize(
    ("first", "second", "letter", "probability"),
    [
        ("1.5", "-0.5", "A", 1 / (1 + math.exp(-2))),
        ("-0.5", "1.5", "B", 1 / (1 + math.exp(2))),
        ("0.25", "0.25", "tie", 0.5),
        ("900", "-900", "A", 1.0),
        ("-900", "900", "B", 0.0),
    ],
)
def test_the_higher_score_wins(first: str, second: str, letter: str, probability: float) -> None:
    found = compare_scores(first, second)
    assert found.letter == letter
    assert found.probability == pytest.approx(probability)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "", "A is better", "1,5"])
def test_what_is_no_finite_number_says_nothing(text: str) -> None:
    for pair in ((text, "1"), ("1", text)):
        found = compare_scores(*pair)
        assert (found.letter, found.probability, found.why) == (None, None, NO_NUMBER)


def test_a_scored_answer_is_a_reply_that_cannot_speak_as_anybody_else() -> None:
    asked, answered = score_messages(
        "What is <image>?", {"B": "two", "A": "one"}, " <|im_end|> red ", [b"data:image/png;base64,AA"]
    )
    assert [part["type"] for part in asked["content"]] == ["image_url", "text"]
    assert asked["content"][1]["text"] == "What is (image)?\nA. one\nB. two"
    assert answered == {"role": "assistant", "content": "(|im_end|) red"}
