"""Option letters: the order of precedence, and everything that is not a choice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilium.answers.option_letters import extract


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("<answer>B</answer>", "B"),
        ("<answer> (b) </answer>", "B"),
        ("<answer>b</answer>", "B"),
        ("<answer>**B**</answer>", "B"),
        ("<answer>B. Pneumonia, not effusion.</answer>", "B"),
        ("<answer>B: Pneumonia</answer>", "B"),
        ("<answer>Option C</answer>", "C"),
        ("<answer>The answer is D</answer>", "D"),
        ("<answer>B", "B"),
        ("<think>It is C.</think><answer>B</answer>", "B"),
        ("It is C.</think><answer>B</answer>", "B"),
        ("<think>It never closes <answer>B</answer>", "B"),
        ("<answer>A</answer> wait <answer>B</answer>", "B"),
        ("The answer is C. \\boxed{B}", "B"),
        ("\\boxed{\\text{(B)}}", "B"),
        ("\\boxed{0.5} and then the answer is B.", "B"),
        ("(C) fits. The answer is B. Unlike (D).", "B"),
        ("The answer is A. No: the answer is (b).", "B"),
        ("So the answer is B because it fits", "B"),
        ("Final answer: **B**", "B"),
        ("The answer is pneumonia, that is (B)", "B"),
        ("(A) is wrong, (B) fits", "B"),
        ("A nodule is seen. Therefore B.", "B"),
        ("I choose B", "B"),
        ("B", "B"),
        ("b", "B"),
        ("a", "A"),
        ("B)", "B"),
    ],
)
def test_letter(text: str, letter: str) -> None:
    assert extract(text, "ABCDE").letter == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<answer></answer> B.",
        "<answer>F</answer> The answer is B.",
        "<answer>pneumonia</answer> (B)",
        "<answer>A nodule</answer>",
        "<answer>a nodule</answer>",
        "<answer>A or B</answer>",
        "<answer>A, B</answer>",
        "<answer>(A) and (B)</answer>",
        "<answer>E. coli</answer>",
        "<answer>B cell lymphoma</answer>",
        "<answer>hepatitis B</answer>",
        "<think>The answer is B.</think>",
        "<think>The answer is B.",
        "The answer is a fracture.",
        "The answer is A fracture",
        "I think it is a",
        "Both answers are a bit vague.",
        "It is either A or B.",
        "A, B, and C are wrong",
        "A. cat\nB. dog\nC. bird\nI cannot say which",
        "Chronic hepatitis B.",
        "Vitamin C.",
        "not B.",
        "It shows E. coli infection",
        "Pneumonia",
        "F.",
    ],
)
def test_no_letter(text: str) -> None:
    assert extract(text, "ABCDE").letter is None


def test_the_rule_is_named() -> None:
    assert extract("<answer>F</answer>", "ABCDE").rule == "answer block without one option letter"
    assert extract("<think>B.", "ABCDE").rule == "think block never closed"


@pytest.mark.parametrize("letters", ["", "abc", "AAB", "A B", "A1"])
def test_bad_letters_are_refused(letters: str) -> None:
    with pytest.raises(ValueError, match="distinct upper-case"):
        extract("B", letters)


@given(st.text(alphabet="ABCFa ()<>/answer.\\boxed{}\n,", max_size=60))
def test_only_option_letters_come_out(text: str) -> None:
    assert extract(text, "ABC").letter in {None, "A", "B", "C"}


def test_long_hostile_replies_are_read_in_linear_time() -> None:
    for part in ("<think>", "<answer>", "\\boxed{", "A, ", "(A) or ", "answer is "):
        extract(part * 20_000, "ABCDE")
