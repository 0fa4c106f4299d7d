"""The two rewards of GBA: a right answer (1) and the think/answer format (0.5 by weight)."""

from __future__ import annotations

import re
from typing import Any

from consilium.answers import option_letters, think_answer
from consilium.answers.think_blocks import drop_thinking

WEIGHTS = (1.0, 0.5)
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_AROUND_TEXT = " .()[]:\n\t"


def accuracy_reward(
    completions: list[Any], gold: list[str], letters: list[str], **_columns: Any
) -> list[float]:
    """Return 1.0 for each completion that answers with the gold letter or, without options, the gold text."""
    rows = zip(completions, gold, letters, strict=True)
    return [float(is_right(_text(completion), right, options)) for completion, right, options in rows]


def format_reward(completions: list[Any], **_columns: Any) -> list[float]:
    """Return 1.0 for each completion in the think/answer format."""
    return [float(think_answer.format_ok(_text(completion))) for completion in completions]


def is_right(text: str, gold: str, letters: str) -> bool:
    """Whether `text` answers `gold`: its option letter, as solvers, filter and trace checks are read.

    `letters` are those of the options. Without any the question is open: the one answer block has to equal
    the gold text but for case.
    """
    if letters:
        return option_letters.extract(text, letters).letter == gold
    blocks = _ANSWER.findall(drop_thinking(text).text)
    return len(blocks) == 1 and _plain(blocks[0]) == _plain(gold)


def _plain(text: str) -> str:
    return text.strip(_AROUND_TEXT).casefold()


def _text(completion: Any) -> str:
    text: str = completion if isinstance(completion, str) else completion[0]["content"]
    return text
