"""Which words of two answers differ, so that a reader can have them marked. Pure."""

import difflib
import re
from dataclasses import dataclass

WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one text; `differs` when the other text has no such words here."""

    text: str
    differs: bool


def differences(first: str, second: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts cut into pieces; joined again they are unchanged."""
    one, two = WORDS.findall(first), WORDS.findall(second)
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        _add(left, "".join(one[a:b]), differs=kind != "equal")
        _add(right, "".join(two[c:d]), differs=kind != "equal")
    return left, right


def _add(pieces: list[Piece], text: str, *, differs: bool) -> None:
    if text:
        pieces.append(Piece(text, differs and not text.isspace()))
