"""A judge's reply read into one verdict per dimension; what is not stated is invalid there alone."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.think_blocks import drop_thinking

PARSER_VERSION: Final = "verdicts-1"
OVERALL: Final = DIMENSIONS[-1]


class VerdictChoice(StrEnum):
    """What a judge may state for a dimension; an invalid verdict is None."""

    A = "A"
    B = "B"
    TIE = "tie"


@dataclass(frozen=True)
class ParsedVerdict:
    """Verdict per dimension (None = invalid), how it was read, and the judge's own words if any."""

    verdicts: dict[str, VerdictChoice | None]
    reason: str
    rationale: str = ""

    @property
    def invalid(self) -> tuple[str, ...]:
        """The dimensions without a verdict, in order."""
        return tuple(dimension for dimension in DIMENSIONS if self.verdicts[dimension] is None)


_VALUE: Final = re.compile(
    r"(?:the\s+)?(?:(?P<letter>[ab])|(?:assistant|answer|response|candidate|model|option)\s*(?P<named>[ab12]))"
    r"(?:['\u2019]s\s+answer)?(?:\s+(?:is\s+better|wins))?",
    re.IGNORECASE,
)
_TIE: Final = re.compile(r"(?:it['\u2019]?s\s+)?(?:a\s+)?(?:tie|tied|draw|both|equal)", re.IGNORECASE)
_WRAPPING: Final = " \t\r\n\"'`*_.,;()[]"
_LETTER: Final = {"a": VerdictChoice.A, "1": VerdictChoice.A, "b": VerdictChoice.B, "2": VerdictChoice.B}
_NAME_KEYS: Final = frozenset({"dimension", "criterion", "aspect", "metric", "name"})
_CHOICE_KEYS: Final = (
    "verdict",
    "winner",
    "choice",
    "value",
    "vote",
    "label",
    "better",
    "preferred",
    "preference",
    "answer",
    "judgment",
    "judgement",
)
_PROSE_KEYS: Final = frozenset(
    {
        "reason",
        "reasons",
        "reasoning",
        "rationale",
        "explanation",
        "justification",
        "comment",
        "comments",
        "analysis",
    }
)
_DIMENSION: Final = "|".join(DIMENSIONS)
_LINE: Final = re.compile(
    rf"^[\s>#*+\-{{]*(?:\d+[.)]\s*)?[\"'`*_]*({_DIMENSION})[\"'`*_]*\s*[:=]\s*(.+)$", re.IGNORECASE
)
_SEVERAL_ON_LINE: Final = re.compile(rf"[;,|]\s*(?=[\"'`*_]*(?:{_DIMENSION})[\"'`*_]*\s*[:=])", re.IGNORECASE)
_EXPLAINED: Final = re.compile(r"^(.+?)(?:\s*\(|\s+[-\u2013\u2014]\s|[;.:]\s|,\s+(?=[a-z]{2}))")
_DOUBLE_BRACKET: Final = re.compile(r"\[\[([^\[\]\n]{1,40})\]\]")
_ANSWER_TAGS: Final = re.compile(r"</?answer>", re.IGNORECASE)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs: a key written twice must stay visible."""


_DECODER: Final = json.JSONDecoder(strict=False, object_pairs_hook=_Pairs)
_VALUE_START: Final = re.compile(r"\{|\[(?=\s*\{)")
_LOOKS_LIKE_JSON: Final = re.compile(r"[{\[\s]*\"")
_DEEPEST: Final = 20


def parse_verdict(text: str) -> ParsedVerdict:
    """Read one reply.

    The last outermost JSON value that names a dimension decides; without one, lines `dimension: letter`;
    without those, the last `[[X]]` or a lone letter as the whole reply gives overall only.
    """
    visible = drop_thinking(text)
    if visible.unclosed:
        return _nothing("think block never closed")
    value, readable = _last_value_naming_a_dimension(visible.text)
    if value is not None:
        return _reading(_collect(value), "JSON", _rationale(value))
    lines = list(_from_lines(readable))
    if lines:
        return _reading(lines, "lines")
    return _overall_only(readable)


def parse_value(value: object) -> VerdictChoice | None:
    """`A`, `Assistant B`, `Answer 1`, `tie` and the like as a choice; anything else is None."""
    if not isinstance(value, str):
        return None
    bare = value.strip(_WRAPPING)
    if _TIE.fullmatch(bare):
        return VerdictChoice.TIE
    match = _VALUE.fullmatch(bare)
    return _LETTER[(match["letter"] or match["named"]).casefold()] if match else None


def _nothing(reason: str) -> ParsedVerdict:
    return ParsedVerdict(dict.fromkeys(DIMENSIONS), reason)


def _reading(
    stated: Iterable[tuple[str, VerdictChoice | None]], source: str, rationale: str = ""
) -> ParsedVerdict:
    found: dict[str, set[VerdictChoice | None]] = {}
    for dimension, choice in stated:
        found.setdefault(dimension, set()).add(choice)
    verdicts: dict[str, VerdictChoice | None] = dict.fromkeys(DIMENSIONS)
    faults: list[str] = []
    for dimension in DIMENSIONS:
        values = found.get(dimension, set())
        if len(values) == 1:
            verdicts[dimension] = next(iter(values))
        if verdicts[dimension] is None:
            faults.append(f"{dimension} {_fault(values)}")
    return ParsedVerdict(verdicts, "; ".join([source, *faults]), rationale)


def _fault(values: set[VerdictChoice | None]) -> str:
    if not values:
        return "missing"
    return "contradictory" if len(values) > 1 else "not A, B or tie"


def _overall_only(body: str) -> ParsedVerdict:
    bracketed = _DOUBLE_BRACKET.findall(body)
    stated = bracketed[-1] if bracketed else _ANSWER_TAGS.sub("", body)
    choice = parse_value(stated)
    if choice is None:
        return _nothing("no verdict stated")
    verdicts: dict[str, VerdictChoice | None] = {**dict.fromkeys(DIMENSIONS), OVERALL: choice}
    return ParsedVerdict(verdicts, "overall only, from " + ("[[ ]]" if bracketed else "a lone letter"))


def _from_lines(body: str) -> Iterator[tuple[str, VerdictChoice | None]]:
    for line in body.splitlines():
        for part in _SEVERAL_ON_LINE.split(line):
            match = _LINE.match(part)
            if match:
                yield match[1].casefold(), _line_value(match[2])


def _line_value(text: str) -> VerdictChoice | None:
    whole = parse_value(text.rstrip("} \t"))
    explained = _EXPLAINED.match(text)
    return whole or (parse_value(explained[1]) if explained else None)


def _last_value_naming_a_dimension(body: str) -> tuple[object | None, str]:
    """The deciding JSON value, and the text without a JSON value that was cut off at its end."""
    last: object | None = None
    position = 0
    while (start := _VALUE_START.search(body, position)) is not None:
        try:
            value, position = _DECODER.raw_decode(body, start.start())
        except (json.JSONDecodeError, RecursionError):
            end = _after_broken(body, start.start())
            if end is None:
                return last, body[: start.start()]
            position = end
        else:
            last = value if any(True for _ in _collect(value)) else last
    return last, body


def _after_broken(body: str, start: int) -> int | None:
    """Where to go on after a value that does not decode; None when it looks like JSON and never ends.

    A broken value is skipped whole: what is nested in it is not outermost.
    """
    if not _LOOKS_LIKE_JSON.match(body, start):
        return start + 1
    depth = 0
    for match in re.finditer(r"[{}\[\]]", body[start:]):
        depth += 1 if match.group() in "{[" else -1
        if depth == 0:
            return start + match.end()
    return None


def _collect(node: object, depth: int = 0) -> Iterator[tuple[str, VerdictChoice | None]]:
    """Every (dimension, choice) that a decoded JSON value states, nested at most `_DEEPEST` deep."""
    if depth > _DEEPEST:
        return
    if isinstance(node, _Pairs):
        named = _named_dimension(node)
        if named is not None:
            yield named, _choice_of(node)
            return
        for key, value in node:
            word = key.strip().casefold()
            if word in DIMENSIONS:
                yield word, _choice_of(value)
            elif word not in _PROSE_KEYS:
                yield from _collect(value, depth + 1)
    elif isinstance(node, list):
        for item in node:
            yield from _collect(item, depth + 1)


def _named_dimension(pairs: _Pairs) -> str | None:
    for key, value in pairs:
        if key.strip().casefold() in _NAME_KEYS and isinstance(value, str):
            word = value.strip().casefold()
            if word in DIMENSIONS:
                return word
    return None


def _choice_of(value: object) -> VerdictChoice | None:
    """The one choice that a value states: a string, an object with a choice key, or a list that agrees."""
    if isinstance(value, _Pairs):
        stated = {parse_value(inner) for key, inner in value if key.strip().casefold() in _CHOICE_KEYS}
    elif isinstance(value, list):
        stated = {_choice_of(item) for item in value}
    else:
        stated = {parse_value(value)}
    return stated.pop() if len(stated) == 1 else None


def _rationale(value: object) -> str:
    if not isinstance(value, _Pairs):
        return ""
    texts = [text for key, text in value if key.strip().casefold() in _PROSE_KEYS and isinstance(text, str)]
    return texts[-1].strip() if texts else ""
