"""JSON as models write it: single and curly quotes, bare words, comments, trailing commas, unescaped quotes.

What is read is what is written: nothing is completed, no key is corrected. A value that cannot be read so is
not read at all, and one that the end of the text cuts off says that it is cut.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

DEEPEST: Final = 20


class Pairs(list[tuple[str, Any]]):
    """An object as its pairs: a key that is written twice stays visible."""


@dataclass(frozen=True)
class LooseValue:
    """A value and where it ends; `is_cut`: the text ended first, and an object holds what came before."""

    value: Any
    end: int
    is_cut: bool = False


class _NoValue(ValueError):
    """What stands here is no value."""


class _CutOff(ValueError):
    """The text ends within a value."""


_STRICT: Final = json.JSONDecoder(strict=False, object_pairs_hook=Pairs)
_BETWEEN: Final = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/|\#[^\n]*)*", re.DOTALL)
_CLOSING: Final = {'"': '"', "'": "'", "\u201c": "\u201c\u201d", "\u201d": "\u201d", "\u201e": "\u201c\u201d",
                   "\u2018": "\u2018\u2019", "\u2019": "\u2019", "`": "`"}  # fmt: skip
_NEXT: Final = re.compile(
    rf",{_BETWEEN.pattern}(?:[{{}}\[\]\"'`\u201c\u201d\u201e\u2018\u2019]|\w+\s*[:\uff1a]|\Z)", re.DOTALL
)
_BARE: Final = re.compile(r"[^,:{}\[\]\n\"\u201c\u201d]{1,200}")
_LONGEST_KEY: Final = 80
_ESCAPES: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def read_loose_json(text: str, start: int) -> LooseValue | None:
    """The object or list that begins at `start`; None when it cannot be read or is nested too deeply."""
    try:
        value, end = _STRICT.raw_decode(text, start)
    except (ValueError, RecursionError):
        return _Reader(text, start).whole()
    return LooseValue(value, end)


class _Reader:
    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._place = start
        self._open: list[Pairs] = []

    def whole(self) -> LooseValue | None:
        try:
            return LooseValue(self._value(0), self._place)
        except _CutOff:
            return LooseValue(self._open[0], len(self._text), is_cut=True) if self._open else None
        except _NoValue:
            return None

    def _peek(self) -> str:
        """The next character that is neither blank nor in a comment."""
        between = _BETWEEN.match(self._text, self._place)
        self._place = between.end() if between else self._place
        if self._place >= len(self._text):
            raise _CutOff
        return self._text[self._place]

    def _value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise _NoValue
        first = self._peek()
        if first == "{":
            return self._object(depth)
        if first == "[":
            return self._list(depth)
        if first in _CLOSING:
            return self._string(",}]", len(self._text))
        return self._bare()

    def _object(self, depth: int) -> Pairs:
        self._place += 1
        pairs = Pairs()
        self._open.append(pairs)
        while self._peek() != "}":
            key = self._string(":\uff1a", _LONGEST_KEY) if self._peek() in _CLOSING else self._bare()
            if self._peek() not in ":\uff1a":
                raise _NoValue
            self._place += 1
            pairs.append((str(key), self._value(depth + 1)))
            self._step_over_comma("}")
        self._place += 1
        return pairs

    def _list(self, depth: int) -> list[Any]:
        self._place += 1
        items: list[Any] = []
        while self._peek() != "]":
            items.append(self._value(depth + 1))
            self._step_over_comma("]")
        self._place += 1
        return items

    def _step_over_comma(self, closing: str) -> None:
        following = self._peek()
        if following == ",":
            self._place += 1
        elif following != closing:
            raise _NoValue

    def _string(self, followed_by: str, longest: int) -> str:
        """A quoted text; a quote inside it is one that nothing of `followed_by` follows."""
        text, begin = self._text, self._place + 1
        closing, place = _CLOSING[text[self._place]], begin
        while place < len(text) and place - begin <= longest:
            if text[place] == "\\":
                place += 2
                continue
            if text[place] in closing:
                between = _BETWEEN.match(text, place + 1)
                after = between.end() if between else place + 1
                if after >= len(text) or self._goes_on(after, followed_by):
                    self._place = place + 1
                    return _ESCAPES.sub(_unescaped, text[begin:place])
            place += 1
        if place - begin > longest:
            raise _NoValue
        raise _CutOff

    def _goes_on(self, place: int, followed_by: str) -> bool:
        """Whether the syntax goes on: with a sign of `followed_by`, after a comma with something new."""
        sign = self._text[place]
        if sign == ",":
            return "," in followed_by and _NEXT.match(self._text, place) is not None
        return sign in followed_by

    def _bare(self) -> Any:
        match = _BARE.match(self._text, self._place)
        if match is None:
            raise _NoValue
        self._place = match.end()
        word = re.sub(r"(?://|\#).*", "", match.group()).strip()
        if self._place >= len(self._text):
            raise _CutOff
        return None if word in ("null", "None") else word


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return _ESCAPED.get(found[2], found[2])
