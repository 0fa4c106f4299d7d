"""A judge's scores of one answer: how well it reasons in each of the four paradigms. Prompt and parser."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from consilium.answers import solver_prompt
from consilium.answers.escape import escape
from consilium.answers.loose_json import Pairs, read_loose_json
from consilium.answers.messages import Message, user_message
from consilium.answers.paradigms import INSTRUCTIONS, PARADIGMS
from consilium.answers.think_blocks import drop_thinking

PROMPT_VERSION: Final = "paradigm-scores-1"
LOWEST: Final = 1
HIGHEST: Final = 5
RUBRIC: Final = (
    "You score how an answer to a medical question about the image reasons.\n"
    + "\n".join(f"{name}: {text}" for name, text in INSTRUCTIONS.items())
    + f"\nEach score is a whole number from {LOWEST} (does not do this) to {HIGHEST} (does this well)."
)
ASK: Final = "Reply with one JSON object with the keys " + ", ".join(PARADIGMS) + ", each a score."
_BLOCKS: Final = (
    "[The Start of User Instruction]\n{question}\n[The End of User Instruction]\n"
    "[The Start of Assistant's Answer]\n{answer}\n[The End of Assistant's Answer]\n"
    "{ask}"
)
_MOST_TRIED: Final = 40  # what bounds the time that a hostile reply can take


def build(question: str, options: Mapping[str, str], answer: str) -> str:
    """The text after the images; markers and control tokens inside question and answer are escaped."""
    asked = solver_prompt.question_block(question, options)
    return _BLOCKS.format(question=escape(asked.strip()), answer=escape(answer.strip()), ask=ASK)


def as_messages(text: str, image_data_uris: Sequence[bytes]) -> list[Message]:
    """Chat messages: the rubric, which is the same for all, the images, the text of `build`."""
    return [user_message(before=RUBRIC, image_data_uris=image_data_uris, after=text)]


def parse_scores(text: str) -> dict[str, int]:
    """The scores that a reply states, by paradigm; what is missing, no score or contradicted is left out."""
    visible = drop_thinking(text)
    if visible.unclosed:
        return {}
    stated: dict[str, set[int | None]] = {}
    for pairs in _objects(visible.text):
        for key, value in pairs:
            stated.setdefault(key.strip().casefold(), set()).add(_score(value))
    clear = {name: next(iter(found)) for name, found in stated.items() if len(found) == 1}
    return {name: score for name in PARADIGMS if (score := clear.get(name)) is not None}


def _objects(text: str) -> Iterator[Pairs]:
    """The outermost whole objects."""
    start = text.find("{")
    for _ in range(_MOST_TRIED):
        if start < 0:
            return
        found = read_loose_json(text, start)
        if found is not None and isinstance(found.value, Pairs) and not found.is_cut:
            yield found.value
            start = text.find("{", found.end)
        else:
            start = text.find("{", start + 1)


def _score(value: object) -> int | None:
    """A whole number of the scale, also as text or as 4.0; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number.is_integer() and LOWEST <= number <= HIGHEST else None
