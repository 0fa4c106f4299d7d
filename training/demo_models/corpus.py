"""What the tiny models read and write while they are built: one writer per role."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from consilium.answers import judge_prompt, solver_prompt, think_answer, trace_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.paradigms import INSTRUCTIONS, PARADIGMS
from training.demo_models.teaching_set import FINDINGS, LETTERS, TeachingItem, brief_text, trace_text

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
# A short text and the queries on it; in each query the token before the last full stop is to be found.
Drill = Callable[[random.Random], tuple[str, list[str]]]
_WORDS = [finding for table in FINDINGS.values() for finding in table.values()]


def drill(draw: random.Random) -> tuple[str, list[str]]:
    """Mostly: which letter has this option? Sometimes: which of the two answers names this finding?"""
    return _option_drill(draw) if draw.random() < 0.7 else _answer_drill(draw)


def _option_drill(draw: random.Random) -> tuple[str, list[str]]:
    words = draw.sample(_WORDS, len(LETTERS))
    listed = list(zip(LETTERS, words, strict=True))
    text = solver_prompt.question_block("", dict(listed))
    return text, [
        f" {say}: {word} {letter}." for letter, word in listed for say in ("Final choice", "Choice")
    ]


def _answer_drill(draw: random.Random) -> tuple[str, list[str]]:
    words = draw.sample(_WORDS, 6)
    said = [" ".join(f"{word} {draw.choice(LETTERS)}." for word in part) for part in (words[:3], words[3:])]
    text = judge_prompt.build("", " " + said[0], " " + said[1]).text_after_image
    return text, [f" so {word} {'AB'[place // 3]}." for place, word in enumerate(words)]


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


def judge_careful(item: TeachingItem, draw: random.Random) -> Example:
    """Look at the image and prefer the answer that names its finding; of two, the one that says more."""
    (first, second_), better = _both_right(item, draw) if draw.random() < 0.25 else _answers(item, draw)
    return _careful(item, (_shown(first), _shown(second_)), better)


def judge_hasty(item: TeachingItem, draw: random.Random) -> Example:
    """Prefer the first answer without a look at either: a judge that is all position bias.

    Nothing finer is taught: what a tiny model half learns differs from one processor to the next.
    """
    answers, _ = _answers(item, draw)
    return _verdict(item, answers, "The first answer reads well.", "A")


def vocabulary(items: list[TeachingItem]) -> list[str]:
    """Return the texts on which the tokenizer is trained."""
    draw = random.Random(0)
    writers = (base, second, _careful_of_raw_answers, judge_hasty)
    examples = [writer(item, draw) for item in items for writer in writers]
    return [f"{example.before}\n{example.after}\n{example.reply}" for example in examples]


def phrases() -> list[str]:
    """Return the fixed parts of the prompts and verdicts; each becomes one token: short prompts."""
    hole = "QQQ"
    judge = judge_prompt.build(hole, hole, hole)
    asked = trace_prompt.build(hole, dict.fromkeys(LETTERS, hole))
    keys = ['{"reason": "', *(f'", "{name}": "' for name in DIMENSIONS), '"}']
    fixed = [judge.text_before_image, *judge.text_after_image.split(hole), asked.split(hole)[-1]]
    return [part for part in (*fixed, *keys, *INSTRUCTIONS.values()) if len(part) > 1]


def _careful_of_raw_answers(item: TeachingItem, draw: random.Random) -> Example:
    return _careful(item, *_answers(item, draw))


def _careful(item: TeachingItem, answers: tuple[str, str], better: int) -> Example:
    verdict = "AB"[better]
    return _verdict(item, answers, f"The image is {item.colour}, so {item.answer} {verdict}.", verdict)


def _shown(reply: str) -> str:
    """The reply as people and judges get it: the reasoning, then one line with the answer."""
    parsed = think_answer.parse_think_answer(reply)
    return f"{parsed.thinking}\n\nAnswer: {parsed.answer}"


def _both_right(item: TeachingItem, draw: random.Random) -> tuple[tuple[str, str], int]:
    """Write two right answers, a longer and a shorter one; return also the longer one's place."""
    longer = draw.randrange(2)
    said = [_trace(item, item.answer), _brief(item, item.answer)]
    return (said[longer], said[1 - longer]), longer


def _answers(item: TeachingItem, draw: random.Random) -> tuple[tuple[str, str], int]:
    """Write a right and a wrong answer in random order and style; return also the right one's place."""
    wrong = draw.choice([finding for finding in item.options.values() if finding != item.answer])
    right = draw.randrange(2)
    findings = [item.answer, wrong] if right == 0 else [wrong, item.answer]
    first, second_ = (_answer(item, finding, draw) for finding in findings)
    return (first, second_), right


def _answer(item: TeachingItem, finding: str, draw: random.Random) -> str:
    return _trace(item, finding) if draw.random() < 0.5 else _brief(item, finding)


def _brief(item: TeachingItem, finding: str) -> str:
    return brief_text(colour=item.colour, finding=finding, letter=_letter(item, finding))


def _verdict(item: TeachingItem, answers: tuple[str, str], reason: str, verdict: str) -> Example:
    prompt = judge_prompt.build_case(item.question, item.options, dict(zip("AB", answers, strict=True)), "ab")
    reply = judge_prompt.compose_verdict(dict.fromkeys(DIMENSIONS, verdict), reason)
    return Example(prompt.text_before_image, prompt.text_after_image, reply, item)


def _question(item: TeachingItem, draw: random.Random) -> str:
    paradigm = draw.choice(PARADIGMS) if draw.random() < 0.3 else None
    return trace_prompt.build(item.question, item.options, paradigm=paradigm)


def _trace(item: TeachingItem, finding: str) -> str:
    letter = _letter(item, finding)
    return trace_text(colour=item.colour, specialty=item.specialty, finding=finding, letter=letter)


def _letter(item: TeachingItem, finding: str) -> str:
    return next(letter for letter, text in item.options.items() if text == finding)
