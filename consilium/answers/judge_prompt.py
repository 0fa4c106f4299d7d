"""The prompt that asks a judge about one case: rubric, image, question, answer A, answer B, ask."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from consilium.answers import solver_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.escape import escape
from consilium.answers.messages import Message, user_message

PROMPT_VERSION: Final = "judge-1"
# Every case is asked twice: which of the answers A and B stands first.
ORDERS: Final = ("ab", "ba")

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
# Of the control that gets the same texts and no image.
BLIND_PROMPT_HASH: Final = hashlib.sha256(f"{PROMPT_HASH} without images".encode()).hexdigest()


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


def build_case(
    question: str, options: Mapping[str, str], answers: Mapping[str, str], order: str
) -> JudgePrompt:
    """Write the prompt about one case in one of ORDERS; `answers` holds those named A and B.

    The question comes with its options, as the clinicians saw it: "Answer: B" means nothing without them.
    """
    first, second = (answers[letter] for letter in order.upper())
    return build(solver_prompt.question_block(question, options), first, second)


def compose_verdict(verdicts: Mapping[str, str], reason: str = "") -> str:
    """Write the reply that ASK wants, for judges that learn from verdicts: dimension to A or B.

    The reason stands first, so that a judge that states one has stated it before it decides.
    """
    return json.dumps({"reason": reason, **{name: verdicts[name] for name in DIMENSIONS}})


def as_messages(prompt: JudgePrompt, image_data_uris: Sequence[bytes]) -> list[Message]:
    """The prompt as one user message in OpenAI chat format, images between the two texts."""
    return [
        user_message(
            before=prompt.text_before_image, image_data_uris=image_data_uris, after=prompt.text_after_image
        )
    ]
