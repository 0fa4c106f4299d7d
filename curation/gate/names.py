"""Looks for whole names in texts. Pure."""

import re
from collections.abc import Collection
from typing import Final

from curation.imaging.mentions import MEMORY

_FIRST_WORD: Final = re.compile(r"\w+")


class Names:
    """Looks for whole names whatever their case, in texts most of which hold not even a first word of one."""

    def __init__(self, names: Collection[str]) -> None:
        firsts = {first.group() for name in names if (first := _FIRST_WORD.match(name))}
        odd = [name for name in names if not _FIRST_WORD.match(name)]
        self._all, self._firsts, self._odd = whole_names(names), whole_names(firsts), whole_names(odd)
        self._pieces: set[str] = set()

    def found_in(self, text: str) -> bool:
        """Whether a name stands in the text, not inside longer words."""
        if self._all is None:
            return False
        if self._odd and self._odd.search(text):
            return True
        return self._may_begin_in(text) and self._all.search(text) is not None

    def may_stand_in(self, texts: Collection[str]) -> bool:
        """False when `found_in` is false of each of the texts; at the price of one look."""
        return self.found_in("\n".join(texts))

    def _may_begin_in(self, text: str) -> bool:
        """Whether a piece between white space holds the first word of a name: no word reaches across."""
        if self._firsts is None:
            return False
        if len(self._pieces) > MEMORY:
            self._pieces.clear()
        fresh = set(text.split()) - self._pieces
        if self._firsts.search(" ".join(fresh)):
            return True
        self._pieces |= fresh
        return False


def whole_names(names: Collection[str]) -> re.Pattern[str] | None:
    """An expression for each of the names, not inside longer words; None without names."""
    if not names:
        return None
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)", re.IGNORECASE)
