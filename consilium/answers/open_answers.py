"""Answers to questions without options: what a reply says, and how it agrees with the reference (pure).

Closed questions (yes or no, left or right) by normalised exact match, open ones by token recall, as VQA-RAD,
SLAKE and PathVQA are scored since LLaVA-Med (Li et al. 2023, arXiv:2306.00890). The two are never added up.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from consilium.answers.think_blocks import drop_thinking

READER_VERSION: Final = "open-1"

_BLOCK: Final = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.IGNORECASE | re.DOTALL)
# Scripts without spaces between words: each sign is a token.
_SIGNS: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN: Final = re.compile(rf"\d+(?:[.,]\d+)+|[{_SIGNS}]|[^\W_{_SIGNS}]+")
_ARTICLES: Final = frozenset({"a", "an", "the"})


class AnswerKind(StrEnum):
    """How the answer to a question is scored."""

    CHOICE = "choice"
    CLOSED = "closed"
    OPEN = "open"


def kind_of_question(options: Mapping[str, str], reference: str, stated: str = "") -> AnswerKind | None:
    """How a question is scored: by its option letter, else by its reference; None without either.

    `stated`: "closed" or "open" where the source says so; otherwise yes and no are closed.
    """
    if options:
        return AnswerKind.CHOICE
    words = tokens(reference)
    if not words:
        return None
    is_closed = stated == AnswerKind.CLOSED or (not stated and words in (["yes"], ["no"]))
    return AnswerKind.CLOSED if is_closed else AnswerKind.OPEN


def said(reply: str) -> str:
    """The answer that a reply gives: its last answer block, else all that it says outside its thinking.

    Empty when it says nothing, or thinks without end. An empty block is an empty answer.
    """
    visible = drop_thinking(reply)
    blocks = _BLOCK.findall(visible.text) or _BLOCK.findall(visible.open_thinking)
    if blocks:
        return str(blocks[-1]).strip()
    return "" if visible.unclosed else visible.text.strip()


def tokens(text: str) -> list[str]:
    """Words and numbers in lower case, without punctuation and articles; an article alone stays."""
    found = _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
    return [word for word in found if word not in _ARTICLES] or found


def exact_match(answer: str, reference: str) -> bool:
    """Whether both are the same words in the same order; an answer that says more is not the reference."""
    return bool(reference_words := tokens(reference)) and tokens(answer) == reference_words


def token_recall(answer: str, reference: str) -> float:
    """The share of the reference's words that the answer holds, each as often as it is there.

    Raises ValueError for a reference without words.
    """
    wanted = Counter(tokens(reference))
    if not wanted:
        raise ValueError("The reference holds no word.")
    return (wanted & Counter(tokens(answer))).total() / wanted.total()
