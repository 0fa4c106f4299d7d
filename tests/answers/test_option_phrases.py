"""Letters in replies as models write them: public reports, phrases of many languages, names that are none."""

import json
from pathlib import Path

import pytest

from consilium.answers.option_letters import extract

# Of public bug reports (paper-qa#693, OPD-V#2, VLMEvalKit#1552 and others): id, text, letters, expected.
REPORTED = [
    json.loads(line)
    for line in (Path(__file__).parent / "inputs" / "mcq_replies.jsonl").read_text("utf-8").split("\n")
    if line
]


@pytest.mark.parametrize("reply", REPORTED, ids=[reply["id"] for reply in REPORTED])
def test_replies_of_public_reports(reply: dict[str, str]) -> None:
    assert extract(reply["text"], reply["letters"]).letter == reply["expected"]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        # The later of two choices stands only in a phrase.
        ("The answer is B. On reflection, I choose C.", "C"),
        ("B. Pneumothorax\nOn reflection the correct option is C", "C"),
        ("B\nIt could be otherwise.\nC", None),
        ("B\nThe line is visible.\nB", "B"),
        ("The answer is B. (C) was close.", "B"),
        ("The answer is A or B.", None),
        ("The answer is A or B. So the answer is B.", "B"),
        ("The answer is B/C", None),
        ("Answer: A-D", None),
        ("I would choose (A) through (D)", None),
        # Ruled out.
        ("(A) is ruled out.", None),
        ("The smooth margin rules out (A).", None),
        ("A is incorrect.", None),
        ("Option A: wrong.", None),
        ("I don't think the answer is B.", None),
        ("I doubt that the answer is B.", None),
        ("If B is correct, the line would be curved.", None),
        ("The answer is not B.", None),
        ("The answer is not B but C.", "C"),
        ("The best answer is B, not C.", "B"),
        ("Answer: C, D is wrong", "C"),
        ("The answer is B. Unlikely are the others.", "B"),
        ("The answer is B out of the four.", None),
        ("Neither A nor B is correct.", None),
        # Part of something else.
        ("Crohn disease (C)", None),
        ("The answer is vitamin B", None),
        ("The answer is B cell lymphoma", None),
        ("The answer is E. coli", None),
        ("I choose a conservative approach.", None),
        ("I choose a", None),
        ("D. Cavernous haemangioma. Unlike B. it enhances late.", "D"),
        ("A. fracture B. dislocation C. neither", None),
        # How it is written.
        ("\uff08\uff22\uff09", "B"),
        ("\u7b54\u6848\uff1a\uff22", "B"),
        ("\u6b63\u89e3\u306fC\u3002", "C"),
        ("A resposta correta \u00e9 a letra D", "D"),
        ("La risposta \u00e8 C.", "C"),
        ("\u041e\u0442\u0432\u0435\u0442: C", "C"),
        ("Ich w\u00e4hle B.", "B"),
        ("Answer (B)", "B"),
        ("**Answer**: (b)", "B"),
        ("Answer choice: B", "B"),
        ("answer = d", "D"),
        ("B is the most likely answer.", "B"),
        ("I'd go with the (C) option", "C"),
        ("<answer>$\\boxed{\\text{C}}$</answer>", "C"),
        ("<answer>B</answer> The answer is C.", "B"),
        ("<answer>unsure</answer> The answer is C.", None),
    ],
)
def test_phrases(text: str, letter: str | None) -> None:
    assert extract(text, "ABCDE").letter == letter


def test_ten_options_and_the_pronoun() -> None:
    assert extract("I choose B", "ABCDEFGHIJ").letter == "B"
    assert extract("The answer is I.", "ABCDEFGHIJ").letter == "I"
    assert extract("The picture fits it best, or so think I.", "ABCDEFGHIJ").letter is None
    assert extract("I think that it is sarcoidosis.", "ABCDEFGHIJ").letter is None


@pytest.mark.parametrize(
    "part",
    [
        "the answer is ",
        "so A ",
        "if B is correct ",
        "(B) ",
        "A. ",
        "\u7b54\u6848\u662f",
        "not A, but ",
        "a" * 10,
    ],
)
def test_time_is_linear_in_the_length(part: str) -> None:
    extract(part * 10_000, "ABCDE")
    extract(f"the answer is {part * 10_000}", "ABCDE")
