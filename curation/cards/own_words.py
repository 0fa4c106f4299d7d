"""The words of the cards' own sentences, so that the gate does not take them for somebody's name. Pure."""

import re
from functools import cache
from pathlib import Path
from typing import Final

WORD: Final = re.compile(r"[A-Za-z]+")
STAND_IN: Final = "xxxxxxxx"


@cache
def own_words() -> frozenset[str]:
    """In lower case, every word that stands in the code of cards and layouts: all that they can say alone."""
    room = Path(__file__).parent
    files = [*room.glob("*.py"), *(room.parent / "layouts").glob("*.py")]
    return frozenset(word.lower() for path in files for word in WORD.findall(path.read_text("utf-8")))


def without_own_words(text: str) -> str:
    """The text with a stand-in for each of the cards' own words, so that their neighbours stay apart."""
    own = own_words()
    return WORD.sub(lambda found: STAND_IN if found.group().lower() in own else found.group(), text)
