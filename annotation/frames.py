"""Two frames of one vote: what the reader saw (first, second) and the case's own (A, B). Pure."""

from typing import Final

SHOWN_CHOICES: Final = (
    "first_clearly",
    "first_slightly",
    "second_slightly",
    "second_clearly",
    "cannot_judge",
)
SHOWN_HARM: Final = ("neither", "first", "second", "both")
CANNOT_JUDGE_REASONS: Final = {
    "missing_context": "Context is missing",
    "image_unreadable": "Image is unreadable",
    "outside_specialty": "Outside my specialty",
    "question_ambiguous": "Question is ambiguous",
}


def side(word: str, shown_first: str) -> str:
    """`first` or `second` as `a` or `b`, given which answer stood first; other words stay."""
    if word not in {"first", "second"}:
        return word
    second = "b" if shown_first == "a" else "a"
    return shown_first if word == "first" else second


def to_case(choice: str, shown_first: str) -> str:
    """A shown choice such as `first_clearly` in the frame of the case: `a_clearly` or `b_clearly`."""
    if choice == "cannot_judge":
        return choice
    word, _, strength = choice.partition("_")
    return f"{side(word, shown_first)}_{strength}"


def to_shown(choice: str, shown_first: str) -> str:
    """The inverse of to_case: how a stored choice looks to a reader with this order."""
    if choice == "cannot_judge":
        return choice
    letter, _, strength = choice.partition("_")
    return f"{'first' if letter == shown_first else 'second'}_{strength}"


def label_of(choice: str) -> str | None:
    """The forced "A" or "B" of a stored choice; None for cannot_judge."""
    return None if choice == "cannot_judge" else choice[0].upper()
