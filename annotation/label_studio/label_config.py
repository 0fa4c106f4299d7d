"""The labelling configurations (XML) of both kinds of project, generated from our own lists. Pure.

Label Studio stores whatever its API is sent, so nothing here is trusted on the way back: see mapper.py.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from annotation.frames import CANNOT_JUDGE_REASONS, SHOWN_CHOICES, SHOWN_HARM
from consilium.answers.dimensions import DIMENSIONS
from curation.traces.review_schema import EDITED, REASONS, REJECTED, STATUSES

# One block of keys per dimension, all distinct: Label Studio has one keyboard for the whole screen. V and H
# choose tools of its image viewer.
HOTKEYS: Final = ("12345", "qwert", "asdfg", "zxcbn", "67890", "yuiop")
QUESTION: Final = "question"
HARM: Final = "harm"
COMMENT: Final = "comment"
WHOLE: Final = "whole"
INDEX: Final = "{{idx}}"


def reason_of(name: str) -> str:
    """The control that says why something cannot be judged, or why a step is rejected."""
    return f"{name}_reason"


def rationale_of(name: str) -> str:
    """The control with the words about a dimension, or with the new text of a step."""
    return f"{name}_text"


def decision_on(number: int | str) -> str:
    """The control that decides a step; steps count from 0."""
    return f"step_{number}"


def comparison_config(meanings: Mapping[str, str]) -> str:
    """Six blocks of choices under two answers; `meanings` has one question per dimension."""
    root = _root()
    sides = SubElement(root, "View", style="display:grid;grid-template-columns:1fr 1fr;gap:16px")
    for name, label in (("first", "First answer"), ("second", "Second answer")):
        side = SubElement(sides, "View")
        SubElement(side, "Header", value=label, size="4")
        SubElement(side, "Text", name=name, value=f"${name}")
    for dimension, keys in zip(DIMENSIONS, HOTKEYS, strict=True):
        heading = f"{dimension.capitalize()}: {meanings[dimension]}"
        _choices(root, dimension, SHOWN_CHOICES, heading=heading, keys=keys, is_required=True)
        reasons = reason_of(dimension)
        hidden = (dimension, "cannot_judge")
        _choices(root, reasons, tuple(CANNOT_JUDGE_REASONS), is_required=True, shown_for=hidden)
        _text_area(root, rationale_of(dimension), placeholder=f"Why, in words ({dimension}; optional)")
    heading = "Which answer could harm a patient? Left out means neither."
    _choices(root, HARM, SHOWN_HARM, heading=heading)
    return _written(root)


def review_config() -> str:
    """One block per step of a trace: accept, edit (with the new text) or reject (with a reason)."""
    root = _root()
    steps = SubElement(root, "Repeater", on="$steps", indexFlag=INDEX)
    name = decision_on(INDEX)
    block = SubElement(steps, "View", style="border-top:1px solid;padding:8px 0")
    SubElement(block, "Text", name=f"text_{INDEX}", value=f"$steps[{INDEX}].text")
    shows = f"text_{INDEX}"
    _choices(block, name, STATUSES, is_required=True, of=shows)
    _text_area(
        block,
        rationale_of(name),
        placeholder="The new text of this step",
        shown_for=(name, EDITED),
        start=f"$steps[{INDEX}].text",
        of=shows,
    )
    only = (name, REJECTED)
    _choices(block, reason_of(name), tuple(REASONS), is_required=True, shown_for=only, of=shows)
    SubElement(root, "Text", name="answer", value="$answer")
    _text_area(root, COMMENT, placeholder="Comment on the whole trace (optional)")
    heading = "Reject the whole trace although steps of it stand? Say why in the comment."
    _choices(root, WHOLE, (REJECTED,), heading=heading)
    return _written(root)


def _root() -> Element:
    """The images, however many there are, and the question."""
    root = Element("View")
    pictures = SubElement(root, "Repeater", on="$images", indexFlag=INDEX)
    picture = SubElement(pictures, "Image", name=f"image_{INDEX}", value=f"$images[{INDEX}]")
    for tool in ("zoom", "zoomControl", "brightnessControl", "contrastControl"):
        picture.set(tool, "true")
    SubElement(root, "Header", value="Question", size="4")
    SubElement(root, "Text", name=QUESTION, value=f"${QUESTION}")
    return root


def _choices(
    parent: Element,
    name: str,
    values: Sequence[str],
    *,
    heading: str = "",
    keys: str = "",
    is_required: bool = False,
    shown_for: tuple[str, str] | None = None,
    of: str = QUESTION,
) -> None:
    if heading:
        SubElement(parent, "Header", value=heading, size="5")
    made = SubElement(parent, "Choices", name=name, toName=of, choice="single-radio", showInline="true")
    if is_required:
        made.set("required", "true")
        made.set("requiredMessage", f"Decide {name.replace('_', ' ')}.")  # where it is shown
    _only_for(made, shown_for)
    for place, value in enumerate(values):
        words = value.replace("_", " ").capitalize()
        choice = SubElement(made, "Choice", value=value, html=words)
        if keys:
            choice.set("hotkey", keys[place])


def _text_area(
    parent: Element,
    name: str,
    *,
    placeholder: str,
    shown_for: tuple[str, str] | None = None,
    start: str = "",
    of: str = QUESTION,
) -> None:
    around = SubElement(parent, "View") if shown_for else parent
    _only_for(around, shown_for)  # on the text area itself it does nothing inside a repeater
    made = SubElement(around, "TextArea", name=name, toName=of, rows="1", maxSubmissions="1", editable="true")
    made.set("placeholder", placeholder)
    if start:
        made.set("value", start)
        made.set("rows", "3")


def _only_for(control: Element, shown_for: tuple[str, str] | None) -> None:
    if shown_for:
        control.set("visibleWhen", "choice-selected")
        control.set("whenTagName", shown_for[0])
        control.set("whenChoiceValue", shown_for[1])


def _written(root: Element) -> str:
    return tostring(root, encoding="unicode")
