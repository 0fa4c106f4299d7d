"""Keyed fingerprints of identifiers: later texts can be searched for a patient without keeping who it was.

Both sides pass through the same normalisation: accents and case fold, dates in any common spelling become one
token, identifiers lose their punctuation. Only HMAC-SHA256 prefixes are kept (64 bits).
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import Final

from curation.imaging.vocabulary import allowed_words

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january", "januar"),
            ("feb", "february", "februar"),
            ("mar", "march", "marz", "maerz"),
            ("apr", "april"),
            ("may", "mai"),
            ("jun", "june", "juni"),
            ("jul", "july", "juli"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october", "okt", "oktober"),
            ("nov", "november"),
            ("dec", "december", "dez", "dezember"),
        ),
        start=1,
    )
    for name in names
}
_MONTH_STARTS: Final = frozenset(name[:3] for name in _MONTHS)
# Words of names of institutions that say nothing about which institution it is.
_COMMON_WORDS: Final = allowed_words(
    """
    the and for von van der den del dela med medical medicine center centre hospital hospitals clinic
    clinical clinics klinik klinikum krankenhaus university universitat department dept radiology
    radiologie imaging general health care healthcare institute institut division unit ward street road
    doctor prof unknown anonymous anonym anonymized none test patient name first last male female
    not with without but any this that use only
    """
)
# Names that are also ordinary words of reports: alone they would flag every second sentence, so such a name
# is looked for only beside another part of the same name ("Brown, John", not "brown").
ORDINARY_WORDS: Final = allowed_words(
    """
    april august autumn back ball banks bell bill bird bishop black blue bone bridge bridges brook
    brooks brown bush case chance chest church clay cloud cook cord cross day dean early faith fast
    field fields foot ford fox frank frost good grace grant gray green grey hall hand hands hart head
    heart hill hope house hunt iris joy june king knight lake lamb large late lily little long love
    major mark marks marsh mass may miles minor moon page pain palm park parks peak pole pope poor power
    powers price read reader red reed rich ring rings rivers rose rush sharp short shoulder slow small
    snow star stone strong summer swift wall walls ward weeks white will winter wise wolf wood woods
    young
    not with without but any this that use only
    """
)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
_NUMERIC_DATE: Final = re.compile(r"(?<!\d)(\d{1,4})[-./ ](\d{1,2})[-./ ](\d{1,4})(?!\d)")
_COMPACT_DATE: Final = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(\d\d)(\d\d)(?!\d)")
_DAY_MONTH: Final = re.compile(r"(?<!\w)(\d{1,2})(?:st|nd|rd|th|\.)?[ -]?([a-z]{3,9})\.?,?[ -](\d{4})(?!\d)")
_MONTH_DAY: Final = re.compile(r"(?<!\w)([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?!\d)")
# How both spellings with a month's name end; few texts hold it, and looking for their starts is dear.
_YEAR_AT_END: Final = re.compile(r"[ -]\d{4}(?!\d)")
_NUMBERS: Final = re.compile(r"\d[\d./ -]{5,}")
_LONGEST_DAY: Final = 40
_WORD: Final = re.compile(r"[^\W\d_]+")
_CODE: Final = re.compile(r"[^\W_]+(?:[-./_][^\W_]+)*")
_SHORTEST_NAME: Final = 3
_SHORTEST_CODE: Final = 4


def fold(text: str) -> str:
    """Return `text` in lower case without accents, compatibility forms resolved."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def fingerprint(token: str, key: bytes) -> str:
    """Return the 16 hex digit keyed hash of one normalised token."""
    return hmac.digest(key, b"token\0" + token.encode(), hashlib.sha256).hex()[:16]


def name_tokens(value: str) -> set[str]:
    """Return the tokens of a person's or institution's name: each telling word, umlauts in both spellings.

    An ordinary word is a token only together with another word of the name.
    """
    found: set[str] = set()
    for spelling in spellings(value):
        parts = telling_words(spelling)
        ordinary = [word for word in parts if word in ORDINARY_WORDS]
        found |= {f"w:{word}" for word in parts if word not in ORDINARY_WORDS}
        found |= {pair_token(word, other) for word in ordinary for other in parts if other != word}
    return found


def spellings(value: str) -> tuple[str, str]:
    """The folded value, umlauts once without their dots and once as two letters."""
    return fold(value), fold(value.casefold().translate(_UMLAUTS))


def telling_words(spelling: str) -> list[str]:
    """The words of a folded text that could be part of a name, in their order."""
    found = _WORD.findall(spelling)
    return [word for word in found if len(word) >= _SHORTEST_NAME and word not in _COMMON_WORDS]


def pair_token(word: str, other: str) -> str:
    """The token of two parts of a name, whatever their order."""
    return "p:" + "+".join(sorted((word, other)))


def _words_in_text(text: str) -> set[str]:
    """Return the name tokens a text may hold: single words, and neighbours of which one is ordinary."""
    found: set[str] = set()
    for spelling in spellings(text):
        parts = telling_words(spelling)
        found |= {f"w:{word}" for word in parts if word not in ORDINARY_WORDS}
        found |= {pair_token(a, b) for a, b in pairwise(parts) if {a, b} & ORDINARY_WORDS}
    return found


def code_tokens(value: str) -> set[str]:
    """Return the tokens of an identifier: without its punctuation, and its longest run of digits."""
    compact = re.sub(r"[\W_]+", "", fold(value))
    found = {compact} if len(compact) >= _SHORTEST_CODE and not compact.isalpha() else set()
    digits = max(re.findall(r"\d+", compact), key=len, default="")
    if len(digits) > _SHORTEST_CODE:
        found |= {digits, digits.lstrip("0")}
    return {f"c:{code}" for code in found if code.strip("0")} | (
        name_tokens(value) if compact.isalpha() else set()
    )


def date_tokens(value: str) -> set[str]:
    """Return one token per calendar day named in `value`; an ambiguous 04/11/1961 gives both readings."""
    return day_tokens(fold(value))


def day_tokens(text: str) -> set[str]:
    """As `date_tokens`, of a text that is folded already."""
    days = set(_numeric_days(text))
    days |= {(int(y), int(m), int(d)) for y, m, d in _COMPACT_DATE.findall(text)}
    if _YEAR_AT_END.search(text) and any(start in text for start in _MONTH_STARTS):
        days |= {(int(y), _MONTHS.get(m, 0), int(d)) for d, m, y in _DAY_MONTH.findall(text)}
        days |= {(int(y), _MONTHS.get(m, 0), int(d)) for m, d, y in _MONTH_DAY.findall(text)}
    return {f"d:{y:04}{m:02}{d:02}" for y, m, d in days if 1 <= m <= 12 and 1 <= d <= 31}


def possible_day_tokens(text: str) -> set[str]:
    """Every token of `day_tokens`, and perhaps more: of a long text, without reading all of it thrice.

    Numbers and what stands between those of a day make one run; a day with a month's name ends in a year.
    """
    runs = "\n".join(_NUMBERS.findall(text))
    ends = [found.end() for found in _YEAR_AT_END.finditer(text)]
    written = "\n".join(text[max(0, end - _LONGEST_DAY) : end] for end in ends)
    return day_tokens(runs) | day_tokens(written)


def _numeric_days(text: str) -> Iterator[tuple[int, int, int]]:
    for first, middle, last in _NUMERIC_DATE.findall(text):
        if len(first) == 4:
            yield int(first), int(middle), int(last)
        elif len(last) in (2, 4):
            centuries = ("",) if len(last) == 4 else ("19", "20")
            for century in centuries:
                yield int(century + last), int(middle), int(first)
                yield int(century + last), int(first), int(middle)


def text_tokens(text: str) -> set[str]:
    """Return every token a free text could share with an identifier."""
    folded = fold(text)
    return _words_in_text(text) | day_tokens(folded) | codes_in(folded)


def codes_in(folded: str) -> set[str]:
    """Return the tokens of everything in a folded text that could be an identifier, and of its parts."""
    found: set[str] = set()
    for code in _CODE.findall(folded):
        for part in {code, *re.split(r"[-./_]", code)}:
            found |= code_tokens(part)
    return found


def fingerprints_of(tokens: Iterable[str], key: bytes) -> tuple[str, ...]:
    """Return the sorted fingerprints of `tokens`."""
    return tuple(sorted({fingerprint(token, key) for token in tokens}))


def mentions(text: str, key: bytes, fingerprints: Collection[str]) -> bool:
    """Return whether `text` names anything whose fingerprint is in `fingerprints`."""
    return any(fingerprint(token, key) in fingerprints for token in text_tokens(text))
