"""The `<think>...</think><answer>...</answer>` format of a trace and its strict check."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_TAG: Final = re.compile(r"</?(?:think|answer)>")
_EXPECTED: Final = ("<think>", "</think>", "<answer>", "</answer>")


class FormatOutcome(StrEnum):
    """Why a text is, or is not, in the format."""

    OK = "ok"
    NO_THINK = "no think block"
    NO_ANSWER = "no answer block"
    UNCLOSED = "a block is not closed"
    REPEATED = "a block occurs more than once"
    WRONG_ORDER = "the blocks are nested or in the wrong order"
    EMPTY_THINK = "the think block is empty"
    EMPTY_ANSWER = "the answer block is empty"
    TEXT_OUTSIDE = "there is text outside the two blocks"


@dataclass(frozen=True)
class ThinkAnswer:
    """The outcome of the check; `thinking` and `answer` are stripped and empty unless the outcome is OK."""

    outcome: FormatOutcome
    thinking: str = ""
    answer: str = ""

    @property
    def ok(self) -> bool:
        """Whether the text is in the format."""
        return self.outcome is FormatOutcome.OK


def parse_think_answer(text: str) -> ThinkAnswer:
    """Check `text` strictly.

    After stripping: exactly one think block, then exactly one answer block, both non-empty, nothing else;
    only white space may stand between the two.
    """
    stripped = text.strip()
    tags = [match.group() for match in _TAG.finditer(stripped)]
    fault = _fault_of_tags(tags)
    if fault is not None:
        return ThinkAnswer(fault)
    before, thinking, between, answer, after = (part.strip() for part in _TAG.split(stripped))
    if not thinking:
        return ThinkAnswer(FormatOutcome.EMPTY_THINK)
    if not answer:
        return ThinkAnswer(FormatOutcome.EMPTY_ANSWER)
    if before or between or after:
        return ThinkAnswer(FormatOutcome.TEXT_OUTSIDE)
    return ThinkAnswer(FormatOutcome.OK, thinking, answer)


def format_ok(text: str) -> bool:
    """Whether `text` is in the format; this is the format term of the reward."""
    return parse_think_answer(text).ok


def rejoin(content: str | None, thinking: str | None) -> str:
    """Put thinking that a server returned in a separate field back in front of the content.

    Content that holds an opening think tag is returned as it came. A closing tag left at its start and tags
    around the separate thinking are not doubled.
    """
    body = content or ""
    if not thinking or not thinking.strip() or "<think>" in body:
        return body
    inner = thinking.strip().removeprefix("<think>").removesuffix("</think>").strip()
    return f"<think>{inner}</think>{body.lstrip().removeprefix('</think>').lstrip()}"


def compose(steps: list[str], answer: str) -> str:
    """The text in the format whose thinking is the given steps, one paragraph each."""
    return f"<think>{chr(10).join(steps)}</think><answer>{answer}</answer>"


def _fault_of_tags(tags: list[str]) -> FormatOutcome | None:
    if tuple(tags) == _EXPECTED:
        return None
    if "<think>" not in tags and "</think>" not in tags:
        return FormatOutcome.NO_THINK
    if "<answer>" not in tags and "</answer>" not in tags:
        return (
            FormatOutcome.NO_ANSWER
            if tags.count("<think>") == tags.count("</think>")
            else FormatOutcome.UNCLOSED
        )
    if any(tags.count(tag) > 1 for tag in _EXPECTED):
        return FormatOutcome.REPEATED
    if len(tags) < len(_EXPECTED):
        return FormatOutcome.UNCLOSED
    return FormatOutcome.WRONG_ORDER
