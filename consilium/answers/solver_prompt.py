"""The prompt that asks a solver a question; it is also the neutral prompt of training."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from consilium.answers.escape import escape
from consilium.answers.messages import Message, user_message

PROMPT_VERSION: Final = "solver-1"

FORMAT_WITH_OPTIONS: Final = (
    "Look at the image and think step by step inside <think> and </think>, "
    "then write the letter of your choice inside <answer> and </answer>."
)
FORMAT_OPEN: Final = (
    "Look at the image and think step by step inside <think> and </think>, "
    "then write your answer inside <answer> and </answer>."
)
PROMPT_HASH: Final = hashlib.sha256(
    "\0".join((PROMPT_VERSION, FORMAT_WITH_OPTIONS, FORMAT_OPEN)).encode()
).hexdigest()


def question_block(question: str, options: Mapping[str, str]) -> str:
    """The question and one line `A. text` per option, in letter order."""
    lines = [escape(question.strip())]
    lines += [f"{letter}. {escape(options[letter].strip())}" for letter in sorted(options)]
    return "\n".join(lines)


def format_request(options: Mapping[str, str]) -> str:
    """The sentence that asks for the think/answer format."""
    return FORMAT_WITH_OPTIONS if options else FORMAT_OPEN


def build(question: str, options: Mapping[str, str]) -> str:
    """The whole text of the prompt; images go in front of it."""
    return f"{question_block(question, options)}\n{format_request(options)}"


def as_messages(text: str, image_data_uris: Sequence[bytes]) -> list[Message]:
    """Chat messages: images first, then the text of `build`."""
    return [user_message(image_data_uris=image_data_uris, after=text)]
