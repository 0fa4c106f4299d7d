"""Looks for fingerprinted identifiers in many texts: what `fingerprints.mentions` answers, each word once.

Folding a text is folding its characters one by one, and no word or code spans white space: so a piece between
white space that held nothing needs no second look. Pairs of neighbours and dates reach across white space
and are looked for in the whole text.
"""

import re
import secrets
from collections.abc import Callable, Collection, Iterable
from itertools import chain, pairwise
from string import ascii_lowercase
from typing import Final

from curation.imaging.fingerprints import (
    ORDINARY_WORDS,
    codes_in,
    day_tokens,
    fingerprint,
    pair_token,
    possible_day_tokens,
    spellings,
    telling_words,
)

# So many pieces are remembered at most: the vocabulary of a large export, tens of megabytes.
MEMORY: Final = 200_000
BETWEEN_LENGTH: Final = 24
# Every spelling of a day has four digits in a row or three numbers side by side.
_MAYBE_DAY: Final = re.compile(r"\d(?:\d{3}|[-./ ]\d{1,2}[-./ ]\d)")


class _Spelling(dict[int, str]):
    """One of the two spellings of each character, worked out when it first occurs."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __missing__(self, code: int) -> str:
        self[code] = spellings(chr(code))[self._number]
        return self[code]


class _Pieces:
    """The pieces between white space of one spelling; remembers the words of those without a finding."""

    def __init__(self, known: Callable[[Iterable[str]], bool], tokens: Callable[[str], set[str]]) -> None:
        self._known, self._tokens = known, tokens
        self._words: dict[str, list[str]] = {}
        self._ordinary: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()

    def hold(self, spelling: str) -> bool:
        """Whether a piece, or two neighbouring words, are known."""
        if len(self._words) > MEMORY:
            self._words.clear()
            self._ordinary.clear()
        pieces = spelling.split()
        distinct = set(pieces)
        if any(self._names(piece) for piece in distinct.difference(self._words)):
            return True
        return not self._ordinary.isdisjoint(distinct) and self._hold_neighbours(pieces)

    def _names(self, piece: str) -> bool:
        words = telling_words(piece)
        ordinary = ORDINARY_WORDS.intersection(words)
        if self._known({f"w:{word}" for word in words if word not in ordinary} | self._tokens(piece)):
            return True
        self._words[piece] = words
        if ordinary:
            self._ordinary.add(piece)
        return False

    def _hold_neighbours(self, pieces: Iterable[str]) -> bool:
        """Whether an ordinary word stands beside another part of a known name."""
        if len(self._pairs) > MEMORY:
            self._pairs.clear()
        telling = list(filter(self._words.__getitem__, pieces))
        # Most pieces hold no ordinary word: those that do are looked for as bytes, each neighbourhood once.
        marks = bytes(map(self._ordinary.__contains__, telling))
        near: set[tuple[str, ...]] = set()
        place = marks.find(1)
        while place >= 0:
            near.add(tuple(telling[max(0, place - 1) : place + 2]))
            place = marks.find(1, place + 1)
        words = (chain.from_iterable(map(self._words.__getitem__, some)) for some in near)
        new = {pair for some in words for pair in pairwise(some) if not ORDINARY_WORDS.isdisjoint(pair)}
        new -= self._pairs
        if self._known(pair_token(*pair) for pair in new):
            return True
        self._pairs |= new
        return False


class Mentions:
    """Whether texts name anything whose fingerprint is known."""

    def __init__(self, key: bytes, fingerprints: Collection[str]) -> None:
        self._key, self._fingerprints = key, frozenset(fingerprints)
        self._plainly, self._with_umlauts = _Spelling(0), _Spelling(1)
        self._plain = _Pieces(self._known, codes_in)
        self._umlauts = _Pieces(self._known, _no_codes)
        # A word that no text holds: the last word of one text is no neighbour of the next one's first.
        self._between = f"\n{''.join(secrets.choice(ascii_lowercase) for _ in range(BETWEEN_LENGTH))}\n"

    def found_in(self, text: str) -> bool:
        """The same as `fingerprints.mentions(text, ...)`."""
        if not self._fingerprints:
            return False
        # Both spellings of an ASCII text are the text in lower case.
        plain = text.lower() if text.isascii() else text.translate(self._plainly)
        if self._plain.hold(plain) or (_MAYBE_DAY.search(plain) and self._known(day_tokens(plain))):
            return True
        return not text.isascii() and self._umlauts.hold(text.translate(self._with_umlauts))

    def may_stand_in(self, texts: Iterable[str]) -> bool:
        """False when `found_in` is false of each of the texts; at the price of one look."""
        if not self._fingerprints:
            return False
        plain: list[str] = []
        others: list[str] = []
        for text in texts:
            (plain if text.isascii() else others).append(text)
        joined = self._between.join(others)
        spelled = [self._between.join(plain).lower(), joined.translate(self._plainly)]
        return (
            any(self._plain.hold(text) or self._known(possible_day_tokens(text)) for text in spelled)
            or self._umlauts.hold(joined.translate(self._with_umlauts))
        )  # fmt: skip

    def _known(self, tokens: Iterable[str]) -> bool:
        return any(fingerprint(token, self._key) in self._fingerprints for token in tokens)


def _no_codes(piece: str) -> set[str]:
    return set()
