"""What a name is made of, and which of the words at a place are a name's."""

import re
from collections.abc import Callable
from typing import Final

from curation.text.given_names import GIVEN_NAMES
from curation.text.given_names_asia import KOREAN_SYLLABLES
from curation.text.letters import LETTER, UPPER
from curation.text.plain import folded_word
from curation.text.report_words import ALSO_NAMES, STOPS, is_term
from curation.text.rule import Span, span, words

_TAIL: Final = rf"(?:-{LETTER}{{1,20}}|'(?![sS]\b){LETTER}{{1,20}})"
WORD: Final = rf"(?:{UPPER}(?:{LETTER}{{1,24}}{_TAIL}{{0,3}}|'{LETTER}{{2,20}}{_TAIL}{{0,2}}))(?!\w)"
INITIAL: Final = rf"(?:{UPPER}\.(?:-?{UPPER}\.)?)"
PARTICLE: Final = (
    r"(?:(?:von|van|vom|zu|zur|zum|de|del|della|dello|der|den|dem|des|dela|la|las|los|le|du|di|da|das"
    r"|dos|do|el|al|bin|bint|ibn|ten|ter|te|y|e|af|av|auf|'t|'s|ap|ben|abu|Von|Van|De|Di|Da|Del|Della"
    r"|Dos|Du|Le|La|Lo|El|Al|Ten"
    r"|Ter|Te|Zu|Zum|Zur|Mac|Mc|Ben|Abu|Ní|Nic|Ó|St\.?|Saint|San|Santa|VON|VAN|DE|DI|DA|DEL|DELLA|DOS|DU"
    r"|LE|LA|LO|EL|AL|TEN|TER|ZU|ZUM|MAC|MC|BEN|ABU|NÍ|DER|DEN|'T)[ ]|(?:al|el|ad|as|ar|at|an|ash)-|(?:d"
    r"|l|dell|dall|all|o|Al|El)['-])"
)
PART: Final = rf"{PARTICLE}{{0,3}}(?:{WORD}|{INITIAL})"
NAME: Final = rf"{PART}(?:[ \t]{{1,2}}{PART}){{0,3}}"
COMMA_NAME: Final = rf"{PART}(?:,?[ \t]{{1,2}}{PART}){{0,3}}"
CAPS: Final = rf"(?:{UPPER}{{2,24}}(?:['-]{UPPER}{{2,24}}){{0,2}}|{UPPER}'{UPPER}{{2,24}})(?!\w)"
_PIECE: Final = re.compile(rf"{PARTICLE}{{0,3}}(?:(?P<word>{WORD})|{INITIAL}|{UPPER}\b)")
_AT_END: Final = re.compile(
    rf"(?<![\w'^-])(?:{PART}|{UPPER}(?=[ ])|(?<=[ ]){UPPER})(?:,?[ \t]{{1,2}}(?:{PART}"
    rf"|{UPPER}\b)){{0,3}}[ \t]*\Z"
)
_PLURAL: Final = re.compile("^[A-Z]{2,5}s$|[ºª]")
_PARTICLES: Final = frozenset(
    words("al el la le lo de di da du ten ter van von den der ben o d l zu abu mac st")
)
# What is called after somebody, and the houses that are.
_CALLED: Final = (
    r"(?:signs?|syndromes?|disease|tests?|nodules?|nodes?|fractures?|criteria|criterion|tumou?rs?"
    r"|murmurs?|pupils?|lines?|lesions?|bodies|body|cells?(?!\s?:?\s?[+(\d])"
    r"|classification|stag(?:e|es|ing)|scores?"
    r"|grad(?:e|es|ing)|systems?|sarcomas?"
    r"|lymphomas?|carcinomas?|thyroiditis|purpura|palsy|triad|law|rings?|spots?|cysts?|contractures?"
    r"|operation|procedure|man(?:eu|oeu)v(?:er|re)s?|methods?|stains?|catheters?|tubes?|valves?|clamps?"
    r"|forceps|retractor|needles?"
    r"|shunts?|drains?|splints?|phenomenon|reflex|angina|chorea|ataxia|dystrophy|anomaly|malformation"
    r"|deformity|sequence|complex|ligament|canal|ducts?|glands?|fascia|space|pouch|triangle|ganglion"
    r"|nerve|artery|vein|nucleus"
    r"|area|tract|loop|hernia|incision|approach|graft|protocol|formula|index|equations?|scale|effect|illusion"
    r"|rosettes?|papules?|plaques?|ulcers?|nevus|lamp|smear|chart|table|position|view|projection|injury"
    r"|protein|filter|balloon|rod|frame|line|arthritis|arteritis|palsies|period|stone|knee|foot|hand"
    r"|elbow|neck|eye|tooth"
    r"|university|hospital|clinic|institute|college|school|foundation|cent(?:er|re)|medical|river|texas"
    r"|australia|county|street|scientific|instruments|bengal|water|wort|wood|nuclei|prosthes[ie]s"
    r"|implants?|stitch|day|syndrom|krankheit|zeichen|test|fraktur|tumor|linie|operation|schema"
    r"|klassifikation|klinik|krankenhaus|maladie|signe|signo|síndrome|enfermedad|criterios|critères"
    r"|escala|clasificación)\b"
)
EPONYM: Final = re.compile(rf"(?:'s|s')?(?:[ -]{UPPER}[\w'-]{{1,24}}){{0,2}}?[ -](?i:{_CALLED})")
_KOREAN: Final = frozenset(words(KOREAN_SYLLABLES))
Cut = Callable[[re.Match[str]], Span | None]


def is_given(folded: str) -> bool:
    """Whether a word in lower case is a known given name, or two with a hyphen."""
    if folded in GIVEN_NAMES:
        return True
    first, hyphen, second = folded.partition("-")
    if not hyphen:
        return False
    if first in GIVEN_NAMES:
        return second in GIVEN_NAMES or second.replace("-", "") in GIVEN_NAMES
    return first in _KOREAN and second in _KOREAN


def is_plain(word: str, *, strong: bool = False) -> bool:
    """Whether a word is one of reports and no name; beside a title or label (`strong`) fewer are."""
    folded = folded_word(word)
    low = word.lower()
    if low in STOPS or _PLURAL.search(word):
        return not (strong and low in ALSO_NAMES)
    if is_given(folded):
        return False
    if (low in ALSO_NAMES and not strong) or is_term(folded) or is_term(low):
        return True
    return "-" in low and (low.endswith(_ALIKE) or _has_stop(low))


# Dr House-style
_ALIKE: Final = (
    "-style",
    "-like",
    "-type",
    "-based",
    "-related",
    "-associated",
    "-induced",
    "-positive",
    "-negative",
)


def _has_stop(low: str) -> bool:
    return any(piece in STOPS and piece not in _PARTICLES for piece in low.split("-"))


def parts(text: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """The parts of a run of names: where each stands, and its word (none for an initial)."""
    return [(*piece.span(), piece["word"] or "") for piece in _PIECE.finditer(text, start, end)]


def leading(text: str, start: int, end: int, *, strong: bool = False) -> list[tuple[int, int, str]]:
    """The parts from the start on that may be a name's, up to the first word of reports."""
    kept: list[tuple[int, int, str]] = []
    for part in parts(text, start, end):
        if part[2] and is_plain(part[2], strong=strong):
            break
        kept.append(part)
    return kept if any(word for _, _, word in kept) else []


def trailing(text: str, end: int, *, strong: bool = False) -> list[tuple[int, int, str]]:
    """The parts in front of a place that may be a name's, back to the last word of reports."""
    found = _AT_END.search(text, max(0, end - 64), end)
    kept: list[tuple[int, int, str]] = []
    for part in reversed(parts(text, *found.span()) if found else []):
        if part[2] and is_plain(part[2], strong=strong):
            break
        kept.insert(0, part)
    return kept if any(word for _, _, word in kept) else []


def whole(kept: list[tuple[int, int, str]], least: int = 1) -> Span | None:
    """Where the parts stand together, if there are as many as asked."""
    return (kept[0][0], kept[-1][1]) if len(kept) >= max(least, 1) else None


def name_after(least: int = 1, *, strong: bool = False, short: bool = True) -> Cut:
    """A cut that takes the name of the group `hit`, of `least` parts, unless something is called after it.

    Not `short`: one word of up to four capitals is no name but an abbreviation.
    """

    def cut(found: re.Match[str]) -> Span | None:
        kept = leading(found.string, *span(found), strong=strong)
        where = whole(kept, least)
        if not short and len(kept) == 1 and len(kept[0][2]) <= 4 and kept[0][2].isupper():
            return None
        return where if where and not EPONYM.match(found.string, where[1]) else None

    return cut


def name_before(least: int = 1, *, strong: bool = False) -> Cut:
    """A cut that takes the name in front of what the expression found."""

    def cut(found: re.Match[str]) -> Span | None:
        return whole(trailing(found.string, found.start(), strong=strong), least)

    return cut
