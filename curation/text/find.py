"""Finds everything in a text that may name a person: `find(text)`; nothing is stored or changed here."""

import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import unquote

from curation.text.ages import AGES
from curation.text.dates import DATES
from curation.text.internet import FILES, INTERNET
from curation.text.months import WRITTEN_DATES
from curation.text.names import NAMES
from curation.text.numbers import CODES, DEVICES, RECORDS
from curation.text.phones import PHONES
from curation.text.places import ADDRESSES
from curation.text.plain import plain
from curation.text.rule import Hit, Rule
from curation.text.signs import Signs

# The more telling kind first: of two hits on one place the first found stands.
RULES: Final[tuple[Rule, ...]] = (
    *FILES, *INTERNET, *DEVICES, *RECORDS, *DATES, *WRITTEN_DATES, *ADDRESSES, *PHONES, *AGES, *CODES, *NAMES,
)  # fmt: skip
_SIGNS: Final = Signs(RULES)
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
# Long enough to hold a name, with a capital or digit inside: no word.
_BASE64: Final = re.compile(r"(?<![\w+/-])(?=[a-z+/_-]*[A-Z0-9])[\w+/-]{12,}(?![\w+/-])", re.ASCII)
# Of these kinds the part that no other hit holds still counts.
_SHARED: Final = frozenset({"name", "address"})
_BETWEEN: Final = " \t\n,;:.()[]-/"
_URL_SAFE: Final = str.maketrans("-_", "+/")


def find(text: str) -> list[Hit]:
    """Every place that a rule names, in order, none inside another."""
    flat, places = plain(text)
    low = flat.lower()
    digits = sum(map(flat.count, "0123456789"))
    taken = bytearray(len(flat))
    found: list[Hit] = []
    for rule in _SIGNS.needed(low, digits):
        for match in rule.expression.finditer(low if rule.low else flat):
            if not rule.check(match) or not (cut := rule.cut(match)):
                continue
            start, end = cut
            if taken.find(1, start, end) >= 0:
                start, end = _free(taken, flat, start, end) if rule.kind in _SHARED else (start, start)
            if start < end:
                taken[start:end] = b"\1" * (end - start)
                found.append(Hit(places[start], places[end], rule.kind))
    return sorted(found)


def _free(taken: bytearray, text: str, start: int, end: int) -> tuple[int, int]:
    """The part of a name that no hit holds yet: in front of the first that does, or behind the last."""
    first, last = taken.find(1, start, end), taken.rfind(1, start, end)
    if first > start:
        end = start + len(text[start:first].rstrip(_BETWEEN))
    else:
        start = end - len(text[last + 1 : end].lstrip(_BETWEEN))
    return (start, end) if end - start > 2 else (start, start)


def readings(text: str) -> Iterator[str]:
    """The text, and what it says once percent signs and base64 are undone, where it holds any."""
    yield text
    if _PERCENT.search(text):
        yield unquote(text)
    for piece in _BASE64.findall(text):
        if decoded := _decoded(piece):
            yield decoded


def _decoded(piece: str) -> str:
    """What base64 hides, as UTF-8 or UTF-16; nothing where that gives no text."""
    try:
        content = b64decode(piece.translate(_URL_SAFE) + "=" * (-len(piece) % 4), validate=True)
    except ValueError:
        return ""
    for encoding in ("utf-8", "utf-16"):
        with suppress(UnicodeDecodeError):
            decoded = content.decode(encoding)
            if decoded.isprintable():
                return decoded
    return ""
