"""Which rules a text needs: nearly all hold signs of a few only, and looking for every sign is dear."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from curation.text.rule import Rule

_PIECE: Final = 3


class Signs:
    """Rules by the pieces of up to three characters of which their signs are made."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._marked = tuple((rule, 1 << place, rule.digits) for place, rule in enumerate(rules))
        self._always = 0
        sure: dict[str, int] = {}
        longer: dict[str, dict[str, int]] = {}
        for rule, mark, _ in self._marked:
            if not rule.signs:
                self._always |= mark
            for sign in rule.signs:
                if len(sign) <= _PIECE:
                    sure[sign] = sure.get(sign, 0) | mark
                else:
                    pieces = (sign[place : place + _PIECE] for place in range(len(sign) - _PIECE + 1))
                    signs = longer.setdefault(max(pieces, key=_tells), {})
                    signs[sign] = signs.get(sign, 0) | mark
        self._sure = sure
        self._longer = {piece: tuple(signs.items()) for piece, signs in longer.items()}
        self._pieces = frozenset(sure) | frozenset(longer)

    def needed(self, low: str, digits: int) -> Iterator[Rule]:
        """The rules, in their order, of which the text in lower case holds a sign and digits enough."""
        held = set(low)
        held.update(map("".join, pairwise(low)))
        held.update(map("".join, zip(low, low[1:], low[2:], strict=False)))
        marks = self._always
        for piece in held & self._pieces:
            marks |= self._sure.get(piece, 0)
            for sign, mark in self._longer.get(piece, ()):
                if sign in low:
                    marks |= mark
        for rule, mark, least in self._marked:
            if marks & mark and least <= digits:
                yield rule


def _tells(piece: str) -> int:
    """How much a piece of a sign tells: rare letters more than frequent ones."""
    return sum(letter not in "etaoinsr " for letter in piece)
