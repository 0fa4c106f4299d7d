"""What a pattern is: an expression, signs without which it need not be tried, a check of what it found."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

# Kind to what a message says of it ("it holds a date").
KINDS: Final = {
    "date": "a date",
    "record": "a record number",
    "phone": "a phone number",
    "email": "an e-mail address",
    "address": "a postal address",
    "url": "an internet address",
    "name": "a person's name",
    "age": "an age over 89",
    "device": "a device number",
    "path": "an absolute path",
    "token": "an access token",
}
# Of these a place alone says of nobody who it is; two leads may let one through in an export.
NOT_IDENTIFYING: Final = ("date", "device", "path", "url")
WINDOW: Final = 48
Span = tuple[int, int]


def _always(found: re.Match[str]) -> bool:
    return True


def span(found: re.Match[str]) -> Span:
    """Where the expression's group `hit` stands, or the whole match where it has none."""
    return found.span("hit" if "hit" in found.re.groupindex else 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of one kind.

    `signs`: pieces of text of which one must occur, in lower case, before the expression is tried: nearly all
    texts hold none, and searching is dear. `digits`: how many digits the text must hold.
    `low`: the expression is written in lower case and matched against the text in lower case.
    `check` refuses what the expression alone cannot (the 45th day of a month); `cut` says where the hit is.
    """

    kind: str
    expression: re.Pattern[str]
    signs: tuple[str, ...] = ()
    digits: int = 1
    low: bool = False
    check: Callable[[re.Match[str]], bool] = field(default=_always)
    cut: Callable[[re.Match[str]], Span | None] = field(default=span)


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A place in a text: characters `start` up to `end`, and what stands there (a key of KINDS)."""

    start: int
    end: int
    kind: str


def words(text: str) -> tuple[str, ...]:
    """The blank-separated words of a text."""
    return tuple(text.split())


def any_of(text: str) -> str:
    """An expression that matches one of the blank-separated words; longer ones are tried first."""
    return "(?:" + "|".join(sorted(map(re.escape, words(text)), key=len, reverse=True)) + ")"


def before(found: re.Match[str], length: int = WINDOW) -> str:
    """What stands in front of the hit, in lower case."""
    start = span(found)[0]
    return found.string[max(0, start - length) : start].lower()


def following(found: re.Match[str], length: int = WINDOW) -> str:
    """What stands behind the hit, in lower case."""
    end = span(found)[1]
    return found.string[end : end + length].lower()
