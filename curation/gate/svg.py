"""What an SVG file of an export may be: drawn shapes and texts, nothing that runs or is fetched. Pure."""

import re
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree

SPACE: Final = "{http://www.w3.org/2000/svg}"
SHAPES: Final = frozenset({"svg", "title", "desc", "style", "rect", "line", "circle", "text"})
# Numbers and names of classes: no address, no code, no handler fits in.
ATTRIBUTES: Final = {
    **dict.fromkeys(
        (
            "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "width", "height", "stroke-width",
            "stroke-opacity",
        ),
        re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,3})?"),
    ),
    "viewBox": re.compile(r"[0-9 .]{1,40}"),
    "role": re.compile(r"img"),
    "class": re.compile(r"[a-z]+( [a-z]+)?"),
}  # fmt: skip
# A style sheet with selectors, colours and fonts; @media for dark screens is its only rule of another kind.
STYLES: Final = re.compile(
    r"(?:[a-z.][a-z.,]*\{|@media \(prefers-color-scheme:dark\)\{|[a-z-]+:[\w #.,-]+;?|\})*"
)


def svg_fault(content: bytes) -> str:
    """Why a file is not such a drawing, or nothing."""
    # Comments, declarations and instructions never reach the tree below, so they are refused as they stand.
    if b"<!" in content or b"<?" in content:
        return "it holds a comment, a declaration or an instruction"
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - without declarations there are no entities
    except ElementTree.ParseError:
        return "it is not well-formed"
    if root.tag != f"{SPACE}svg":
        return "it is not a drawing"
    for element in root.iter():
        name = element.tag.removeprefix(SPACE)
        if name not in SHAPES:
            return f"it holds an element {name[:40]!r}"
        for key, value in element.attrib.items():
            if key not in ATTRIBUTES or not ATTRIBUTES[key].fullmatch(value):
                return f"it holds an attribute {key[:40]!r} that a drawing here does not have"
        if name == "style" and not STYLES.fullmatch(element.text or ""):
            return "its style sheet holds more than colours and fonts"
    return ""


def svg_texts(content: bytes) -> Iterator[str]:
    """Every text of a drawing that people read or hear."""
    for element in ElementTree.fromstring(content).iter():  # noqa: S314 - after svg_fault
        if element.tag != f"{SPACE}style":
            yield from filter(None, (element.text, element.tail))
