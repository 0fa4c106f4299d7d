"""A trace's thinking split into steps, the same way every time."""

import re
from typing import Final

_NUMBERED: Final = re.compile(
    r"^[\s>#*_-]*(?:step\s+(?P<step>\d{1,3})\s*[.:)\-\u2013]?|\(?(?P<plain>\d{1,3})[.):])[*_]*(?:\s+(?P<rest>.*))?$",
    re.IGNORECASE,
)
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])[\"')\]]?\s+(?=[\"'(\[]?[A-Z0-9])")
_NO_SENTENCE: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|approx|dr|prof|mr|mrs|ms|fig|al)\.|^\(?\d{1,3}[.)])$", re.IGNORECASE
)


def split_steps(text: str) -> list[str]:
    """Split thinking (without its tags) into stripped, non-empty steps; no text but the numbering is lost.

    Lines numbered 1, 2, 3, ... in sequence make one step each, with the lines that follow them; text before
    the first is a step of its own. Without at least two such lines every paragraph is a step, and a text of
    a single paragraph gives one step per sentence.
    """
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not cleaned:
        return []
    numbered = _numbered(cleaned)
    if numbered:
        return numbered
    paragraphs = [_one_line(part) for part in _PARAGRAPHS.split(cleaned)]
    steps = paragraphs if len(paragraphs) > 1 else _sentences(paragraphs[0])
    return [step for step in steps if step]


def _numbered(text: str) -> list[str]:
    groups: list[list[str]] = [[]]
    for line in text.split("\n"):
        match = _NUMBERED.match(line)
        # Only the next number in sequence starts a step: "12. rib" or a nested list does not.
        if match and int(match["step"] or match["plain"]) == len(groups):
            groups.append([match["rest"] or ""])
        else:
            groups[-1].append(line)
    if len(groups) < 3:
        return []
    return [step for step in (_one_line("\n".join(lines)) for lines in groups) if step]


def _sentences(paragraph: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(paragraph):
        candidate = paragraph[start : end.start()]
        if not _NO_SENTENCE.search(candidate):
            sentences.append(paragraph[start : end.end()].strip())
            start = end.end()
    return [*sentences, paragraph[start:].strip()]


def _one_line(text: str) -> str:
    return " ".join(text.split())
