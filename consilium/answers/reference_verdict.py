"""Whether an open answer says what its reference says: the prompt of a judge, and its reply read (pure).

Token recall counts words; a judge that is shown question, reference and answer also knows synonyms, and what
an answer says beside the reference.
"""

import hashlib
from typing import Final

from consilium.answers.escape import escape
from consilium.answers.messages import Message, user_message
from consilium.answers.open_answers import said, tokens

PROMPT_VERSION: Final = "reference-judge-1"
PARSER_VERSION: Final = "reference-1"

RUBRIC: Final = (
    "You decide whether an answer to a medical question about an image is correct. You do not see the image: "
    "the reference answer is right.\n"
    "correct: it says what the reference says, in other words or more precisely, and nothing against it\n"
    "incorrect: it says something else, lacks what the reference states, or names several possibilities\n"
    "Length, style and language do not count."
)
ASK: Final = "Write one word, correct or incorrect, inside <answer> and </answer>."
_BLOCKS: Final = (
    "[The Start of Question]\n{question}\n[The End of Question]\n"
    "[The Start of Reference Answer]\n{reference}\n[The End of Reference Answer]\n"
    "[The Start of Answer]\n{answer}\n[The End of Answer]\n"
    "{ask}"
)
PROMPT_HASH: Final = hashlib.sha256("\0".join((PROMPT_VERSION, RUBRIC, _BLOCKS, ASK)).encode()).hexdigest()
_WORDS: Final = {"correct": True, "incorrect": False}


def reference_messages(question: str, reference: str, answer: str) -> list[Message]:
    """The prompt as one user message; markers and control tokens inside its texts are escaped."""
    texts = {"question": question, "reference": reference, "answer": answer}
    escaped = {name: escape(text.strip()) for name, text in texts.items()}
    return [user_message(before=RUBRIC, after=_BLOCKS.format(**escaped, ask=ASK))]


def is_said_correct(reply: str) -> bool | None:
    """What the reply decides: its last answer block, or the whole of it, is one of two words; else None."""
    words = tokens(said(reply))
    return _WORDS.get(words[0]) if len(words) == 1 else None
