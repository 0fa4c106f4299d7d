"""Models that give scores: what they are shown, a question and one answer to it, and how a number is read."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from consilium.answers import solver_prompt
from consilium.answers.escape import escape
from consilium.answers.messages import Message, user_message

PROMPT_VERSION: Final = "score-1"
PROMPT_HASH: Final = hashlib.sha256(PROMPT_VERSION.encode()).hexdigest()
PARSER_VERSION: Final = "scores-1"
NO_NUMBER: Final = "a score is no finite number"


@dataclass(frozen=True)
class ScoredPair:
    """What two scores say: the better answer as printed (A first), tie, or None; and the probability of A.

    `why`: in words, as the reason of a verdict.
    """

    letter: str | None
    probability: float | None
    why: str


def score_messages(
    question: str, options: Mapping[str, str], answer: str, image_data_uris: Sequence[bytes]
) -> list[Message]:
    """The question with its images and options as the user's words, the answer as the reply to them.

    As reward models are trained: they see no other answer, so no answer's place.
    """
    asked = user_message(
        image_data_uris=image_data_uris, after=solver_prompt.question_block(question, options)
    )
    return [asked, {"role": "assistant", "content": escape(answer.strip())}]


def compare_scores(first: str, second: str) -> ScoredPair:
    """Read two replies; equal scores are a tie.

    The probability is Bradley and Terry's (1952, Biometrika 39:324): the logistic function of the difference.
    """
    one, two = _number(first), _number(second)
    if one is None or two is None:
        return ScoredPair(None, None, NO_NUMBER)
    letter = "tie" if one == two else "A" if one > two else "B"
    return ScoredPair(letter, _logistic(one - two), f"scores {one:.4g} and {two:.4g}")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _logistic(x: float) -> float:
    small = math.exp(-abs(x))
    return 1 / (1 + small) if x >= 0 else small / (1 + small)
