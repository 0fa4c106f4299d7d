"""The prompt that asks a teacher model for a trace, or a policy for a rollout under a paradigm."""

from collections.abc import Mapping, Sequence
from typing import Final

from consilium.answers import solver_prompt
from consilium.answers.escape import escape
from consilium.answers.messages import Message
from consilium.answers.paradigms import instruction

PROMPT_VERSION: Final = "trace-1"

_WITH_GOLD: Final = "The answer is {gold}. Derive it from the findings and do not mention that you were told."


def build(
    question: str,
    options: Mapping[str, str],
    *,
    gold: str | None = None,
    paradigm: str | None = None,
) -> str:
    """The whole text of the prompt; without gold and paradigm it equals the solver's prompt.

    Args:
        question: text of the question.
        options: letter to text; empty for an open question.
        gold: option letter, or the answer of an open question, when the teacher may see it.
        paradigm: one of `PARADIGMS`, when a style is asked for.

    Raises:
        ValueError: unknown paradigm, or a gold letter that is not an option.
    """
    if gold is not None and options and gold not in options:
        raise ValueError(f"Gold answer {gold!r} is not one of the options {', '.join(sorted(options))}.")
    lines = [solver_prompt.question_block(question, options)]
    if gold is not None:
        lines.append(_WITH_GOLD.format(gold=escape(gold)))
    if paradigm is not None:
        lines.append(instruction(paradigm))
    lines.append(solver_prompt.format_request(options))
    return "\n".join(lines)


def as_messages(text: str, image_data_uris: Sequence[bytes]) -> list[Message]:
    """Chat messages: images first, then the text of `build`."""
    return solver_prompt.as_messages(text, image_data_uris)
