"""A judge's reply read into one verdict per dimension; what is not stated is invalid there alone."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.loose_json import DEEPEST, Pairs, read_loose_json
from consilium.answers.think_blocks import drop_thinking

PARSER_VERSION: Final = "verdicts-2"
OVERALL: Final = DIMENSIONS[-1]


class VerdictChoice(StrEnum):
    """What a judge may state for a dimension; an invalid verdict is None."""

    A = "A"
    B = "B"
    TIE = "tie"


# A dimension and what is stated of it; None is a statement that cannot be read.
Stated: TypeAlias = tuple[str, VerdictChoice | None]


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


# How judges call the two answers, in the languages in which clinics ask.
_WORDS: Final = (
    "assistants?|answers?|responses?|candidates?|models?|options?|antwort|assistent|r\u00e9ponse|assistante?"
    "|respuesta|asistente|risposta|assistente|resposta|\u043e\u0442\u0432\u0435\u0442|\u56de\u7b54|\u7b54\u6848|\u52a9\u624b"
)
_VALUE: Final = re.compile(
    rf"(?:the\s+)?(?:(?P<letter>[ab])|(?:{_WORDS})[\s_\-]*(?P<named>[ab12]))"
    r"(?:['\u2019]s\s+answer)?(?:\s+(?:is\s+better|wins))?",
    re.IGNORECASE,
)
_TIE: Final = re.compile(
    r"(?:it['\u2019]?s\s+)?(?:a\s+)?(?:tie|tied|draw|both|equal|unentschieden|gleich|\u00e9galit\u00e9|empate"
    r"|pareggio|\u5e73\u5c40)",
    re.IGNORECASE,
)
_WRAPPING: Final = " \t\r\n\"'`*_.,;()[]\u201c\u201d\u2018\u2019"
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
    rf"^[\s>#*+\-\u2022\u2013{{]*(?:\d+[.)]\s*)?[\"'`*_]*({_DIMENSION})[\"'`*_]*\s*[:=]\s*(.+)$",
    re.IGNORECASE,
)
_SEVERAL_ON_LINE: Final = re.compile(
    rf"(?:[;,|/]\s*|(?<=[:=][AB])\s+|(?<=[:=]\s[AB])\s+)(?=[\"'`*_]*(?:{_DIMENSION})[\"'`*_]*\s*[:=])",
    re.IGNORECASE,
)
_REASON: Final = re.compile(
    r"\s?\(|\s[-\u2013\u2014]\s|[;.:]\s|,\s(?=[a-z]{2})|\s(?:because|since|due\sto)\b", re.IGNORECASE
)
# "A: 4, B: 3" weighs both answers and names neither.
_OTHER_WEIGHED: Final = re.compile(r":.*\b[ab12]\s*[:=]", re.IGNORECASE)
_DOUBLE_BRACKET: Final = re.compile(r"\[\[([^\[\]\n]{1,40})\]\]")
_WRAPPED: Final = re.compile(r"(?:<answer>|\\boxed\s*\{)([^<{}]*)(?:</answer>|\})", re.IGNORECASE)
_VALUE_START: Final = re.compile(r"\{|\[(?=\s*\{)")
_LOOKS_LIKE_JSON: Final = re.compile(r"[{\[\s]{1,200}[\"'\u201c]")
_BRACES: Final = re.compile(r"[{}\[\]]")
# The judge itself says that what follows is its verdict.
_ANNOUNCED: Final = re.compile(
    r"\b(?:verdict|judge?ment|decision|conclusion|final\s+(?:answer|evaluation|output))\b[^.!?{}\[\]]{0,40}$",
    re.IGNORECASE,
)
_ASCII: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
# What bounds the time that a hostile reply can take.
_MOST_BROKEN: Final = 40
_LONGEST_LINE: Final = 1000


def parse_verdict(text: str) -> ParsedVerdict:
    """Read one reply.

    The outermost JSON values that name a dimension decide together, and where two of them differ that
    dimension is invalid, unless the judge announces the last one as its verdict; without one, lines
    `dimension: letter` and rows of tables; without those, the last `[[X]]` or a lone letter as the whole
    reply gives overall only.
    """
    visible = drop_thinking(text)
    if visible.unclosed:
        return _nothing("thinking never ended")
    values, readable = _json_values(_unquoted(visible.text))
    if values:
        return _reading(_agreed(values), "JSON", _rationale(values[-1]))
    readable = readable.translate(_ASCII)
    lines = [*_from_lines(readable), *_from_tables(readable)]
    if lines:
        clear = {dimension for dimension, choice in lines if choice}
        return _reading([one for one in lines if one[1] or one[0] not in clear], "lines")
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


def _reading(stated: Iterable[Stated], source: str, rationale: str = "") -> ParsedVerdict:
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
    wrapped = _WRAPPED.fullmatch(body.strip())
    choice = parse_value(bracketed[-1] if bracketed else wrapped[1] if wrapped else body)
    if choice is None:
        return _nothing("no verdict stated")
    verdicts: dict[str, VerdictChoice | None] = {**dict.fromkeys(DIMENSIONS), OVERALL: choice}
    return ParsedVerdict(verdicts, "overall only, from " + ("[[ ]]" if bracketed else "a lone letter"))


def _explained_value(text: object) -> VerdictChoice | None:
    """As `parse_value`, of a text that may go on with the reason."""
    return _explained(text[:_LONGEST_LINE]) if isinstance(text, str) else None


@lru_cache(maxsize=256)  # nearly all that judges write here is a letter
def _explained(text: str) -> VerdictChoice | None:
    short = " ".join(text.split())
    whole = parse_value(short.rstrip("} "))
    reason = _REASON.search(short)
    if whole or reason is None:
        return whole
    if parse_value(short[reason.end() :]) or _OTHER_WEIGHED.match(short, reason.start()):
        return None
    return parse_value(short[: reason.start()])


def _from_lines(body: str) -> Iterator[Stated]:
    for line in body.splitlines():
        for part in _SEVERAL_ON_LINE.split(line):
            match = _LINE.match(part[:_LONGEST_LINE])
            if match:
                yield match[1].casefold(), _explained_value(match[2])


def _from_tables(body: str) -> Iterator[Stated]:
    """Rows that begin with a dimension, and columns that are headed by one."""
    heads: dict[int, str] = {}
    for line in body.splitlines():
        if "|" not in line:
            heads = {}
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        words = [cell.strip(_WRAPPING + ":").casefold() for cell in cells]
        named = {place: word for place, word in enumerate(words) if word in DIMENSIONS}
        if len(named) > 1:
            heads = named
        elif 0 in named:
            choices = {choice for cell in cells[1:] if (choice := _explained_value(cell))}
            yield words[0], choices.pop() if len(choices) == 1 else None
        else:
            for place, dimension in heads.items():
                if place < len(cells) and (choice := _explained_value(cells[place])):
                    yield dimension, choice


def _unquoted(body: str) -> str:
    """What a reply says that is one JSON string as a whole."""
    bare = body.strip().removeprefix("```json").strip("`").strip()
    if not (bare.startswith('"') and bare.endswith('"')):
        return body
    try:
        inner = json.loads(bare, strict=False)
    except (ValueError, RecursionError):
        return body
    return inner if isinstance(inner, str) else body


def _json_values(body: str) -> tuple[list[object], str]:
    """The JSON values that state something, and the text without a value that was cut off at its end.

    Of several, only the last one when the judge announces it.
    """
    values: list[object] = []
    position = broken = 0
    is_announced = False
    while (start := _VALUE_START.search(body, position)) is not None:
        place = start.start()
        if not _LOOKS_LIKE_JSON.match(body, place):
            position = place + 1
            continue
        found = read_loose_json(body, place)
        if found is not None and not found.is_cut:
            if any(True for _ in _stated_by(found.value)):
                values.append(found.value)
                is_announced = _is_announced(body[position:place])
            position = found.end
            continue
        if found is not None and _states_all(found.value):
            return [*values, found.value], body[:place]
        end, broken = _after_broken(body, place), broken + 1
        if end is None or broken > _MOST_BROKEN:
            body = body[:place]
            break
        position = end
    return values[-1:] if is_announced else values, body


def _is_announced(before: str) -> bool:
    line = before[-100:].strip(" \n\t:*`#>").removesuffix("```json").strip(" \n\t:*`#>")
    return _ANNOUNCED.search(line) is not None


def _states_all(value: object) -> bool:
    """Whether a value that was cut off had stated every dimension before."""
    stated = dict(_stated_by(value))
    return all(stated.get(dimension) for dimension in DIMENSIONS)


def _agreed(values: Sequence[object]) -> Iterator[Stated]:
    """What the values state; one that states nothing readable of a dimension contradicts no other."""
    readings = [list(_stated_by(value)) for value in values]
    clear = {dimension for reading in readings for dimension, choice in reading if choice}
    for reading in readings:
        own = {dimension for dimension, choice in reading if choice}
        yield from (one for one in reading if one[0] in own or one[0] not in clear)


def _after_broken(body: str, start: int) -> int | None:
    """Where to go on after a value that cannot be read; None when it never ends.

    A broken value is skipped whole: what is nested in it is not outermost.
    """
    depth = 0
    for match in _BRACES.finditer(body, start):
        depth += 1 if match.group() in "{[" else -1
        if depth == 0:
            return match.end()
    return None


def _stated_by(value: object) -> Iterator[Stated]:
    """Every dimension that a value states; the verdict alone beside a reason is that on overall."""
    stated = list(_collect(value))
    if not stated and isinstance(value, Pairs):
        keys = [key.strip().casefold() for key, _ in value]
        known = {*_CHOICE_KEYS, *_PROSE_KEYS}
        if known.issuperset(keys) and not _PROSE_KEYS.issuperset(keys):
            stated = [(OVERALL, _choice_of(value))]
    return iter(stated)


def _collect(node: object, depth: int = 0) -> Iterator[Stated]:
    """Every (dimension, choice) that a decoded JSON value states, nested at most `DEEPEST` deep."""
    if depth > DEEPEST:
        return
    if isinstance(node, Pairs):
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
    elif isinstance(node, str) and node.lstrip().startswith("{"):
        inner = read_loose_json(node, node.index("{"))
        if inner is not None and not inner.is_cut:
            yield from _collect(inner.value, depth + 1)
    elif isinstance(node, list):
        for item in node:
            yield from _collect(item, depth + 1)


def _named_dimension(pairs: Pairs) -> str | None:
    for key, value in pairs:
        if key.strip().casefold() in _NAME_KEYS and isinstance(value, str):
            word = value.strip().casefold()
            if word in DIMENSIONS:
                return word
    return None


def _choice_of(value: object) -> VerdictChoice | None:
    """The one choice that a value states: a string, an object with a choice key, or a list that agrees."""
    if isinstance(value, Pairs):
        stated = {_explained_value(inner) for key, inner in value if key.strip().casefold() in _CHOICE_KEYS}
    elif isinstance(value, list):
        stated = {_choice_of(item) for item in value}
    else:
        stated = {_explained_value(value)}
    return stated.pop() if len(stated) == 1 else None


def _rationale(value: object) -> str:
    if not isinstance(value, Pairs):
        return ""
    texts = [text for key, text in value if key.strip().casefold() in _PROSE_KEYS and isinstance(text, str)]
    return texts[-1].strip() if texts else ""
