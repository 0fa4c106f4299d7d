"""The two rewards of GBA: a right answer (1) and the think/answer format (0.5 by weight)."""

from __future__ import annotations

import re
from typing import Any

from consilium.answers import think_answer

WEIGHTS = (1.0, 0.5)
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_AROUND_LETTER = " .()[]:\n\t"


def accuracy_reward(completions: list[Any], gold: list[str], **_columns: Any) -> list[float]:
    """Return 1.0 for each completion whose only answer block holds the gold letter, or the gold text."""
    return [
        float(is_right(_text(completion), right)) for completion, right in zip(completions, gold, strict=True)
    ]


def format_reward(completions: list[Any], **_columns: Any) -> list[float]:
    """Return 1.0 for each completion in the think/answer format."""
    return [float(think_answer.format_ok(_text(completion))) for completion in completions]


def is_right(text: str, gold: str) -> bool:
    """Whether the one answer block of `text` names the gold letter, or equals the gold text but for case."""
    blocks = _ANSWER.findall(text)
    if len(blocks) != 1:
        return False
    answer: str = blocks[0].strip(_AROUND_LETTER)
    return answer == gold if len(gold) == 1 else answer.casefold() == gold.strip(_AROUND_LETTER).casefold()


def _text(completion: Any) -> str:
    text: str = completion if isinstance(completion, str) else completion[0]["content"]
    return text
