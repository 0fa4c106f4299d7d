"""Reads the bytes of a chat completion (pure): a complete answer, or a reason why it is none."""

from dataclasses import dataclass
from typing import Any

import orjson

from consilium.inference.letter_logprobs import LetterLogprobs, letter_logprobs

COUNT_MAX = 2**31 - 1
REFUSAL = "refusal"


class NotAnAnswer(Exception):
    """The bytes are no chat completion; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of a chat completion that are kept; token counts are 0 when the server gives none.

    `letters`: of the letters A and B in the text, as `letter_logprobs`; None when the server gives none.
    """

    text: str
    reasoning: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    letters: list[LetterLogprobs] | None


def read_answer(data: bytes) -> Answer:
    """The answer in `data`. Raises NotAnAnswer for anything but a chat completion with a message."""
    try:
        reply = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise NotAnAnswer("The server's answer is not JSON.") from None
    try:
        choice = reply["choices"][0]
        message = choice["message"]
        content = message["content"]
    except (KeyError, IndexError, TypeError):
        raise NotAnAnswer("The server's answer holds no message.") from None
    if not isinstance(content, str | None):
        raise NotAnAnswer("The server's message is not text.")
    # vLLM writes `reasoning` or `reasoning_content`, transformers serve the latter.
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    declined = _text(message.get("refusal"))
    usage = reply.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    # A model that declines may say so in a field of its own, and nothing else.
    text = _text(content) or declined
    return Answer(
        text=text,
        reasoning=_text(reasoning),
        finish_reason=REFUSAL if declined and not content else _text(choice.get("finish_reason"))[:40],
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        letters=letter_logprobs(choice.get("logprobs"), text),
    )


def _text(value: Any) -> str:
    # PostgreSQL stores no NUL; a model that writes one must not lose the reply.
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return min(max(value, 0), COUNT_MAX) if isinstance(value, int) else 0
