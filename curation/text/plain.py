"""A text as the expressions read it: plain letters, digits, quotes, dashes and blanks, at known places."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_BLANKS: Final = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_QUOTES: Final = "\u2018\u2019\u201b\u02bc\u00b4\u2032"
_DASHES: Final = "\u00ad\u2010\u2011\u2012\u2013\u2212\u2043\ufe63"
_PLAIN: Final = str.maketrans(
    {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)}
    | {chr(zero + digit): str(digit) for zero in (0x0660, 0x06F0, 0x0966) for digit in range(10)}
    | dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys(_QUOTES, "'")
    | dict.fromkeys(_DASHES, "-")
    | {"\u0130": "I"}  # its lower case has two characters
)
# What is seen by nobody, and marks that belong to the letter in front of them.
_UNSEEN: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_MARKS: Final = re.compile("[\u0300-\u036f]")


def plain(text: str) -> tuple[str, Sequence[int]]:
    """The plain text, and for each of its characters (and its end) the place in the text."""
    if text.isascii():
        return text, range(len(text) + 1)
    if not (_UNSEEN.search(text) or _MARKS.search(text)):
        return text.translate(_PLAIN), range(len(text) + 1)
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        if _UNSEEN.match(letter):
            continue
        joined = (
            unicodedata.normalize("NFC", letters[-1] + letter) if letters and _MARKS.match(letter) else ""
        )
        if len(joined) == 1:
            letters[-1] = joined
        else:
            letters.append(letter)
            places.append(place)
    return "".join(letters).translate(_PLAIN), [*places, len(text)]


def folded_word(word: str) -> str:
    """A word in lower case and without accents, as lexicons hold it."""
    low = word.casefold()
    if low.isascii():
        return low
    marked = unicodedata.normalize("NFKD", low.translate(_UNMARKED))
    return "".join(letter for letter in marked if not unicodedata.combining(letter))


_UNMARKED: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
