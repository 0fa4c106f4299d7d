"""Both ways between our rows and Label Studio's JSON: tasks out, checked annotations back. Pure.

Its server stores annotations with unknown controls, two values in one choice or nothing at all; only what
is complete here becomes a submission. A refusal names the control, never what somebody wrote.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from annotation.frames import SHOWN_CHOICES, SHOWN_HARM
from annotation.label_studio.label_config import (
    COMMENT,
    HARM,
    WHOLE,
    decision_on,
    rationale_of,
    reason_of,
)
from consilium.answers.dimensions import DIMENSIONS
from consilium.canonical_json import canonical_sha256
from consilium.refusals import Refused
from curation.traces.review_schema import EDITED, REJECTED, STATUSES, step_id

ORDER_KEY: Final = "order_key"
COMPARISON_KEYS: Final = ("images", "question", "first", "second", ORDER_KEY)
REVIEW_KEYS: Final = ("images", "question", "steps", "answer", ORDER_KEY)
MOST_ENTRIES: Final = 500
LONGEST_NAME: Final = 40
LARGEST_NUMBER: Final = 2**31 - 1


class AnnotationRefused(Refused):
    """An annotation, or a task, that cannot become a submission; the text is for people."""

    status = 422


class Annotator(NamedTuple):
    """Who made an annotation, as Label Studio names them; the e-mail address may be empty."""

    user_id: int
    email: str


@dataclass(frozen=True, slots=True)
class AnnotationRow:
    """The frame of one annotation, checked; `result` is read by `vote_in` or `review_in`."""

    number: int
    annotator: Annotator
    was_skipped: bool
    result: list[Any]
    sha256: str


def question_text(text: str, options: Mapping[str, str], gold: str = "") -> str:
    """The question with its options, as one text; `gold` is a letter or an answer, where it is shown."""
    lines = [f"{letter}. {option}" for letter, option in options.items()]
    shown = [f"Reference answer: {gold}"] if gold else []
    return "\n".join([text, *([""] if lines or shown else []), *lines, *shown])


def comparison_data(
    *, order_key: str, question: str, images: Sequence[str], answers: tuple[str, str], first: str
) -> dict[str, Any]:
    """The data of a task: `answers` are A and B, `first` ("a" or "b") is shown first. No model is named."""
    one, other = answers if first == "a" else answers[::-1]
    shown = {"images": list(images), "question": question, "first": one, "second": other}
    return {**shown, ORDER_KEY: order_key}


def review_data(
    *, order_key: str, question: str, images: Sequence[str], steps: Sequence[str], answer: str
) -> dict[str, Any]:
    """The data of a task: the steps of a trace in their order, and what the trace answers."""
    shown = {"images": list(images), "question": question, "steps": [{"text": text} for text in steps]}
    return {**shown, "answer": answer, ORDER_KEY: order_key}


def data_sha256(data: Any, keys: Sequence[str]) -> str:
    """SHA-256 of what we sent of a task; other keys that the server adds do not count.

    Raises AnnotationRefused for what cannot be of ours.
    """
    given = data if isinstance(data, Mapping) else {}
    try:
        return canonical_sha256({key: given.get(key) for key in keys})
    except (ValueError, TypeError):
        raise AnnotationRefused("The data of the task is no JSON that Consilium wrote.") from None


def order_key_in(data: Any) -> str:
    """The order key of a task's data; empty where there is none."""
    found = data.get(ORDER_KEY) if isinstance(data, Mapping) else None
    return found if isinstance(found, str) and len(found) <= 64 else ""


def number_in(row: Any) -> int:
    """The number of an annotation or a task. Raises AnnotationRefused."""
    found = _number(row.get("id")) if isinstance(row, Mapping) else None
    if found is None:
        raise AnnotationRefused("It has no number.")
    return found


def annotation_row(raw: Any) -> AnnotationRow:
    """The frame of an annotation as tasks and exports hold it. Raises AnnotationRefused."""
    number = number_in(raw)
    annotator, result = _annotator(raw.get("completed_by")), raw.get("result", [])
    if not isinstance(result, list) or len(result) > MOST_ENTRIES:
        raise AnnotationRefused("Its result is not a list of Label Studio.")
    skipped = raw.get("was_cancelled") is True
    told = {"by": annotator.user_id, "skipped": skipped, "result": [_decided(entry) for entry in result]}
    try:
        return AnnotationRow(number, annotator, skipped, result, canonical_sha256(told))
    except (ValueError, TypeError):
        raise AnnotationRefused("Its result is no JSON that can be stored.") from None


def vote_in(result: Sequence[Any]) -> dict[str, Any]:
    """The content of a vote in the shown frame, for the work kind `compare`. Raises AnnotationRefused."""
    given = _controls(result, _comparison_controls())
    choices, reasons, rationales = {}, {}, {}
    for dimension in DIMENSIONS:
        choices[dimension] = _one_of(given, dimension, SHOWN_CHOICES)
        if choices[dimension] == "cannot_judge":
            if reason_of(dimension) not in given:
                raise AnnotationRefused(f"It does not say why {dimension} cannot be judged.")
            reasons[dimension] = given[reason_of(dimension)]
        if words := given.get(rationale_of(dimension), "").strip():
            rationales[dimension] = words
    harm = _one_of(given, HARM, SHOWN_HARM) if HARM in given else "neither"
    return {"choices": choices, "reasons": reasons, "rationales": rationales, "harm": harm, "viewer": {}}


def review_in(result: Sequence[Any], steps: int) -> dict[str, Any]:
    """The content of a review of so many steps, for the work kind `review`. Raises AnnotationRefused."""
    given = _controls(result, _review_controls(steps))
    content: dict[str, Any] = {"steps": {}, "comment": given.get(COMMENT, "")}
    for place in range(steps):
        name = decision_on(place)
        status = _one_of(given, name, STATUSES)
        decided = {"status": status}
        if status == EDITED:
            decided["text"] = given.get(rationale_of(name), "")
        elif status == REJECTED:
            decided["reason"] = given.get(reason_of(name), "")
        content["steps"][step_id(place)] = decided
    if WHOLE in given:
        content["decision"] = _one_of(given, WHOLE, (REJECTED,))
    return content


def _annotator(given: Any) -> Annotator:
    """`completed_by` is a number in tasks and an object with an e-mail address in most exports."""
    number = _number(given.get("id") if isinstance(given, Mapping) else given)
    email = given.get("email") if isinstance(given, Mapping) else ""
    if number is None:
        raise AnnotationRefused("It does not say who made it.")
    return Annotator(number, email[:254].lower() if isinstance(email, str) else "")


def _decided(entry: Any) -> Any:
    """An entry of a result without the numbers that the server gives it anew."""
    if not isinstance(entry, Mapping):
        return entry
    return [entry.get(key) for key in ("from_name", "type", "value")]


def _number(value: Any) -> int | None:
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_NUMBER
    return value if is_one else None


def _comparison_controls() -> dict[str, str]:
    """Every control of the comparison screen and its type."""
    controls = {HARM: "choices"}
    for dimension in DIMENSIONS:
        controls |= {dimension: "choices", reason_of(dimension): "choices"}
        controls[rationale_of(dimension)] = "textarea"
    return controls


def _review_controls(steps: int) -> dict[str, str]:
    controls = {COMMENT: "textarea", WHOLE: "choices"}
    for place in range(steps):
        name = decision_on(place)
        controls |= {name: "choices", reason_of(name): "choices", rationale_of(name): "textarea"}
    return controls


def _controls(result: Sequence[Any], known: Mapping[str, str]) -> dict[str, str]:
    """Control to its one value. Raises AnnotationRefused for what is unknown, doubled or several values."""
    given: dict[str, str] = {}
    for name, kind, value in _entries(result):
        if known.get(name) != kind:
            raise AnnotationRefused(f"It holds {_named(name)}, which our screen does not have.")
        if name in given:
            raise AnnotationRefused(f"It answers {_named(name)} twice.")
        given[name] = _words(name, value) if kind == "textarea" else _single(name, value)
    return given


def _entries(result: Sequence[Any]) -> Iterator[tuple[str, str, Any]]:
    for entry in result:
        name = entry.get("from_name") if isinstance(entry, Mapping) else None
        kind = entry.get("type") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or not isinstance(kind, str):
            raise AnnotationRefused("A part of its result names no control.")
        value = entry.get("value")
        yield name, kind, value if isinstance(value, Mapping) else {}


def _single(name: str, value: Mapping[str, Any]) -> str:
    chosen = value.get("choices")
    if not isinstance(chosen, list) or len(chosen) != 1 or not isinstance(chosen[0], str):
        raise AnnotationRefused(f"It has not exactly one choice for {_named(name)}.")
    return chosen[0]


def _words(name: str, value: Mapping[str, Any]) -> str:
    """What was typed: a list of texts, of which single ones are sometimes written without the list."""
    text = value.get("text")
    parts = [text] if isinstance(text, str) else text
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise AnnotationRefused(f"What it says in {_named(name)} is no text.")
    return "\n".join(parts)


def _one_of(given: Mapping[str, str], name: str, values: Sequence[str]) -> str:
    if name not in given:
        raise AnnotationRefused(f"It leaves out {_named(name)}.")
    if given[name] not in values:
        raise AnnotationRefused(f"Its choice for {_named(name)} is none of ours.")
    return given[name]


def _named(name: str) -> str:
    """A control's name, which may be anything that somebody wrote there, fit for a sentence."""
    return repr("".join(letter if letter.isprintable() else "?" for letter in name)[:LONGEST_NAME])
