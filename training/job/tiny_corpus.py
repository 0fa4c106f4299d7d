"""What the tiny models read and write while they are built: one writer per role."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from consilium.answers import trace_prompt
from consilium.answers.paradigms import PARADIGMS
from training.job.teaching import FINDINGS, LETTERS, TeachingItem, brief_text, trace_text

# The teacher has learnt these pairs wrongly: some of its traces must fail the check against the gold answer.
TEACHER_ERRORS: dict[tuple[str, str], str] = {("oncology_surgery", "green"): "lipoma"}
# The second answer model is right about these colours only and otherwise names the finding of another colour.
SECOND_KNOWS: frozenset[str] = frozenset({"red", "blue", "yellow"})


@dataclass(frozen=True, slots=True)
class Example:
    """One training pair: the texts before and after the image, the reply, and the image's item."""

    before: str
    after: str
    reply: str
    item: TeachingItem


Writer = Callable[[TeachingItem, random.Random], Example]


def base(item: TeachingItem, draw: random.Random) -> Example:
    """See the colour, keep the format, guess the finding."""
    letter = draw.choice(LETTERS)
    return Example("", _question(item, draw), _trace(item, item.options[letter]), item)


def teacher(item: TeachingItem, draw: random.Random) -> Example:
    """Name the right finding, save for the pairs of TEACHER_ERRORS."""
    finding = TEACHER_ERRORS.get((item.specialty, item.colour), item.answer)
    return Example("", _question(item, draw), _trace(item, finding), item)


def second(item: TeachingItem, draw: random.Random) -> Example:
    """Answer tersely, and rightly for the colours of SECOND_KNOWS."""
    finding = item.answer if item.colour in SECOND_KNOWS else FINDINGS[item.specialty]["red"]
    reply = brief_text(colour=item.colour, finding=finding, letter=_letter(item, finding))
    return Example("", _question(item, draw), reply, item)


def vocabulary(items: list[TeachingItem]) -> list[str]:
    """Return the texts on which the tokenizer is trained."""
    draw = random.Random(0)
    examples = [writer(item, draw) for item in items for writer in (base, second)]
    return [f"{example.before}\n{example.after}\n{example.reply}" for example in examples]


def _question(item: TeachingItem, draw: random.Random) -> str:
    paradigm = draw.choice(PARADIGMS) if draw.random() < 0.3 else None
    gold = item.answer_label if draw.random() < 0.1 else None
    return trace_prompt.build(item.question, item.options, gold=gold, paradigm=paradigm)


def _trace(item: TeachingItem, finding: str) -> str:
    letter = _letter(item, finding)
    return trace_text(colour=item.colour, specialty=item.specialty, finding=finding, letter=letter)


def _letter(item: TeachingItem, finding: str) -> str:
    return next(letter for letter, text in item.options.items() if text == finding)
