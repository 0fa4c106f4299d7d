"""How probable a judge held the letters of its verdict, where the tokens that decided them are known."""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final

from consilium.answers.think_blocks import drop_thinking
from consilium.answers.verdicts import OVERALL

# What stands between a dimension's name and its letter: signs, and at most a word for the two answers.
_BETWEEN: Final = r"[\"'*_`]*\s*[:=\uff1a|]\s*[\"'*_`\[(]*(?:(?:assistant|answer|response|model)[\s_-]*)?"
_MARKED: Final = re.compile(r"\[\[\s*(?P<letter>[AB])\s*\]\]")
_LONE: Final = re.compile(r"[\"'*_`(\s]*(?P<letter>[AB])[\"'*_`)\s.]*")


def stated_probabilities(
    text: str, parsed: Mapping[str, str | None], letters: Sequence[Mapping[str, float]]
) -> dict[str, float]:
    """Dimension to the probability that the answer printed as A is better, given that A or B was to come.

    `parsed`: the verdict of the reply `text`; `letters`: what is known of its letters, by `at`, the place in
    the text. The deciding letter of a dimension is the first one after its name that is the verdict; given
    all that the judge had written before. A dimension whose letter cannot be told from the text has none.
    """
    known = {int(one["at"]): one for one in letters}
    start = _spoken_from(text)
    found = {
        name: _place(text, start, name, letter) for name, letter in parsed.items() if letter in ("A", "B")
    }
    return {
        name: _share_of_a(known[place])
        for name, place in found.items()
        if place is not None and place in known
    }


def _spoken_from(text: str) -> int:
    """Where the part of the reply begins that follows all thinking: what both texts end with."""
    spoken = drop_thinking(text).text
    same = takewhile(lambda signs: signs[0] == signs[1], zip(reversed(text), reversed(spoken), strict=False))
    return len(text) - sum(1 for _ in same)


def _place(text: str, start: int, name: str, letter: str | None) -> int | None:
    stated = re.compile(rf"\b{name}{_BETWEEN}(?P<letter>[AB])\b", re.IGNORECASE)
    for one in stated.finditer(text, start):
        if one["letter"].upper() == letter:
            return one.start("letter")
    alone = [*_MARKED.finditer(text, start), _LONE.fullmatch(text, start)] if name == OVERALL else []
    found = next((one for one in reversed(alone) if one), None)
    return found.start("letter") if found and found["letter"] == letter else None


def _share_of_a(logprobs: Mapping[str, float]) -> float:
    """A letter that the server did not tell is less probable than all that it told: it counts as 0."""
    a, b = logprobs.get("A"), logprobs.get("B")
    if a is None or b is None:
        return 0.0 if a is None else 1.0
    return 1 / (1 + math.exp(b - a))
