"""The prompt that asks a judge about one case: rubric, image, question, answer A, answer B, ask."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.escape import escape
from consilium.answers.messages import Message, user_message

PROMPT_VERSION: Final = "judge-1"

RUBRIC: Final = (
    "You compare two answers to a medical question about the image.\n"
    "accuracy: correct medical content\n"
    "relevance: speaks to this question\n"
    "comprehensiveness: covers what matters\n"
    "creativity: useful insight\n"
    "responsiveness: answers in a usable form\n"
    "overall: the better answer\n"
    "Order and length of the answers do not count."
)
ASK: Final = (
    "Which answer is better? Reply with one JSON object with the keys "
    + ", ".join(DIMENSIONS)
    + ", each A or B, and the key reason."
)
_BLOCKS: Final = (
    "[The Start of User Instruction]\n{question}\n[The End of User Instruction]\n"
    "[The Start of Assistant A's Answer]\n{answer_a}\n[The End of Assistant A's Answer]\n"
    "[The Start of Assistant B's Answer]\n{answer_b}\n[The End of Assistant B's Answer]\n"
    "{ask}"
)
PROMPT_HASH: Final = hashlib.sha256("\0".join((PROMPT_VERSION, RUBRIC, _BLOCKS, ASK)).encode()).hexdigest()


@dataclass(frozen=True)
class JudgePrompt:
    """The two texts of the prompt; the images stand between them."""

    text_before_image: str
    text_after_image: str


def build(question: str, answer_a: str, answer_b: str) -> JudgePrompt:
    """Write the prompt; markers and control tokens inside the question and the answers are escaped.

    The caller swaps `answer_a` and `answer_b` for the second order. Everything up to answer A is the same in
    both orders and the rubric is the same for every case, so that servers can reuse the prefix.
    """
    after = _BLOCKS.format(
        question=escape(question.strip()),
        answer_a=escape(answer_a.strip()),
        answer_b=escape(answer_b.strip()),
        ask=ASK,
    )
    return JudgePrompt(text_before_image=RUBRIC, text_after_image=after)


def as_messages(prompt: JudgePrompt, image_data_uris: Sequence[str]) -> list[Message]:
    """The prompt as one user message in OpenAI chat format, images between the two texts."""
    return [
        user_message(
            before=prompt.text_before_image, image_data_uris=image_data_uris, after=prompt.text_after_image
        )
    ]
