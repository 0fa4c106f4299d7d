"""Reads questions from a JSONL file: each line becomes a question or a message that names the line. Pure."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, NoReturn
from urllib.parse import unquote

from consilium.refusals import Refused
from curation.vocabulary import DEPARTMENTS, ORGAN_SYSTEMS, SPECIALTIES, USES

LINE_BYTES: Final = 256 * 1024
TEXT_LENGTH: Final = 20_000
MOST_IMAGES: Final = 16
OLDEST: Final = 120

FIELDS: Final = (
    "id",
    "question",
    "options",
    "answer",
    "images",
    "image",
    "specialty",
    "organ_system",
    "department",
    "modality",
    "body_part",
    "question_type",
    "facets",
    "patient",
    "age",
    "reasoning",
    "reference_trace",
    "split",
    "use",
)
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "specialty": SPECIALTIES,
    "organ_system": ORGAN_SYSTEMS,
    "department": DEPARTMENTS,
}
MOST_FACETS: Final = 12
_FACET: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,119}")
_LETTER: Final = re.compile(r"[A-Z]")
_ADDRESS: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:|^[/\\~]|\\\\")


class LineRefused(Refused):
    """One line that is not a question; the text is for people and does not name the line."""


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """One question as its file states it; empty text means "not stated"."""

    external_id: str
    text: str
    options: dict[str, str]
    answer_label: str
    answer: str
    images: tuple[str, ...]
    specialty: str
    organ_system: str
    department: str
    modality: str
    body_part: str
    question_type: str
    facets: dict[str, str]
    patient: str
    age_years: int | None
    reference_trace: str
    use: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: its 1-based number and the question it holds, or why it holds none."""

    number: int
    question: ParsedQuestion | None
    problem: str = ""


def read_lines(lines: Iterable[bytes]) -> Iterator[Line]:
    """Yield one Line per non-empty line; a second question with an id seen before is refused."""
    seen: dict[str, int] = {}
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            question = parse_line(raw)
            if question.external_id in seen:
                first = seen[question.external_id]
                raise LineRefused(f"the id {question.external_id!r} is already used on line {first}")
        except LineRefused as refusal:
            yield Line(number, None, str(refusal))
        else:
            seen[question.external_id] = number
            yield Line(number, question)


def parse_line(raw: bytes) -> ParsedQuestion:
    """The question of one line. Raises LineRefused with a message that says what is wrong."""
    data = _object(raw)
    _check_fields(data)
    options = _options(data.get("options"))
    label, answer = _answer(data.get("answer"), options)
    return ParsedQuestion(
        external_id=_external_id(data.get("id")),
        text=_text(data, "question", required=True),
        options=options,
        answer_label=label,
        answer=answer,
        images=_images(data),
        specialty=_choice(data, "specialty"),
        organ_system=_choice(data, "organ_system"),
        department=_choice(data, "department"),
        modality=_text(data, "modality", longest=40),
        body_part=_text(data, "body_part", longest=40),
        question_type=_text(data, "question_type", longest=80),
        facets=_facets(data.get("facets")),
        patient=_patient(data.get("patient")),
        age_years=_age(data.get("age")),
        reference_trace=_one_of_two(data, "reference_trace", "reasoning"),
        use=_use(data),
    )


def _object(raw: bytes) -> dict[str, Any]:
    if len(raw) > LINE_BYTES:
        raise LineRefused(f"the line is longer than {LINE_BYTES // 1024} KiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LineRefused("the line is not UTF-8 text") from None
    try:
        data = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except LineRefused:
        raise
    except (ValueError, RecursionError) as error:
        place = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise LineRefused(f"the line is not valid JSON{place}") from None
    if not isinstance(data, dict):
        raise LineRefused("the line must be one JSON object in braces")
    _check_characters(text, data)
    return data


def _check_characters(text: str, data: dict[str, Any]) -> None:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise LineRefused("the line holds half of a character pair") from None
    if "\\u0000" in text:
        raise LineRefused("the line holds a NUL character")


def _no_constant(name: str) -> NoReturn:
    raise LineRefused(f"{name} is not a number that JSON allows")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise LineRefused(f"the field {double[:40]!r} is given twice")
    return made


def _check_fields(data: Mapping[str, Any]) -> None:
    for name in data:
        if name not in FIELDS:
            close = get_close_matches(name, FIELDS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known fields are {', '.join(FIELDS)}"
            raise LineRefused(f"unknown field {name[:40]!r}{hint}")


def _external_id(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise LineRefused("'id' must be 1 to 120 letters, digits and . _ : / - (or a whole number)")
    return text


def _text(data: Mapping[str, Any], name: str, *, required: bool = False, longest: int = TEXT_LENGTH) -> str:
    value = data.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise LineRefused(f"{name!r} must be text")
    if required and not value.strip():
        raise LineRefused(f"{name!r} is empty")
    if len(value) > longest:
        raise LineRefused(f"{name!r} is longer than {longest} characters")
    return value.strip()


def _one_of_two(data: Mapping[str, Any], name: str, other: str) -> str:
    if data.get(name) and data.get(other):
        raise LineRefused(f"give {name!r} or {other!r}, not both")
    return _text(data, name) or _text(data, other)


def _choice(data: Mapping[str, Any], name: str) -> str:
    value = _text(data, name)
    if value and value not in _CHOICES[name]:
        raise LineRefused(f"{name!r} must be one of {', '.join(_CHOICES[name])}, not {value[:40]!r}")
    return value


def _use(data: Mapping[str, Any]) -> str:
    value = {"validation": "dev", "val": "dev"}.get(use := _one_of_two(data, "use", "split"), use)
    if value and value not in USES:
        raise LineRefused(f"'use' must be one of {', '.join(USES)}, not {value[:40]!r}")
    return value


def _facets(value: Any) -> dict[str, str]:
    """What a data set says of a question besides: name to short text."""
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_FACETS:
        raise LineRefused(f"'facets' must be an object of at most {MOST_FACETS} short texts")
    for name in value:
        if not _FACET.fullmatch(name):
            raise LineRefused(f"the facet {name[:40]!r} is not small letters, digits and _")
        _text(value, name, required=True, longest=120)
    return {name: said.strip() for name, said in value.items()}


def _patient(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise LineRefused("'patient' must be text or a whole number")
    return str(value).strip()


def _age(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= OLDEST:
        raise LineRefused(f"'age' must be a number of years between 0 and {OLDEST}")
    return int(value)


def _options(value: Any) -> dict[str, str]:
    pairs = list(_option_pairs(value))
    options = dict(pairs)
    if len(options) != len(pairs):
        raise LineRefused("'options' gives one letter twice")
    if options and list(options) != [chr(ord("A") + i) for i in range(len(options))]:
        raise LineRefused(f"'options' must be lettered A, B, C ... in order, not {', '.join(options)}")
    if len(options) == 1:
        raise LineRefused("'options' needs two options or more")
    return options


def _option_pairs(value: Any) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, dict):
        given = list(value.items())
    elif isinstance(value, list) and all(
        isinstance(o, dict) and o.keys() == {"letter", "content"} for o in value
    ):
        given = [(option["letter"], option["content"]) for option in value]
    else:
        raise LineRefused("'options' must be an object {letter: text} or a list of {letter, content}")
    for letter, content in given:
        if not isinstance(letter, str) or not _LETTER.fullmatch(letter):
            raise LineRefused(f"option letter {str(letter)[:10]!r} is not one capital letter")
        if not isinstance(content, str) or not content.strip() or len(content) > TEXT_LENGTH:
            raise LineRefused(f"the text of option {letter} is empty, too long or not text")
        yield letter, content.strip()


def _answer(value: Any, options: Mapping[str, str]) -> tuple[str, str]:
    """(letter, text) of the gold answer; both empty when the line states none."""
    if value is None:
        return "", ""
    if not isinstance(value, str) or not value.strip():
        raise LineRefused("'answer' must be an option letter or text")
    answer = value.strip()
    if not options:
        return "", answer[:TEXT_LENGTH]
    if answer in options:
        return answer, options[answer]
    same = [letter for letter, text in options.items() if text.casefold() == answer.casefold()]
    if len(same) == 1:
        return same[0], options[same[0]]
    letters = f"{min(options)}-{max(options)}"
    raise LineRefused(f"answer {answer[:40]!r} is not one of the options {letters}")


def _images(data: Mapping[str, Any]) -> tuple[str, ...]:
    if "image" in data and "images" in data:
        raise LineRefused("give 'image' or 'images', not both")
    value = [data["image"]] if "image" in data else data.get("images")
    if not isinstance(value, list) or not value:
        raise LineRefused("'images' must list at least one image file")
    if len(value) > MOST_IMAGES:
        raise LineRefused(f"'images' lists more than {MOST_IMAGES} files")
    names = tuple(_image_name(name) for name in value)
    if len(set(names)) != len(names):
        raise LineRefused("'images' lists a file twice")
    return names


def _image_name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 300:
        raise LineRefused("'images' must be file names")
    if _ADDRESS.search(value) or ".." in re.split(r"[/\\]", unquote(value)):
        raise LineRefused(
            "'images' must be names of files in this import; addresses and paths outside it are refused"
        )
    return unicodedata.normalize("NFC", value.strip()).replace("\\", "/").removeprefix("./")
