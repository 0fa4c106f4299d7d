"""Names that are typed in lower case: behind a title, a label or a phrase, and by a known given name."""

import re
from typing import Final

from curation.text.eponyms import is_known_person
from curation.text.given_names import ALSO_WORDS, GIVEN_NAMES, LOW_WORDS
from curation.text.letters import LETTER
from curation.text.low_words import is_low_word
from curation.text.name_labels import LABEL
from curation.text.name_parts import EPONYM, is_given
from curation.text.plain import folded_word
from curation.text.report_words import ALSO_NAMES, STOPS
from curation.text.rule import Rule, Span, any_of, words

# In lower case these are journals, guidelines and tests.
_ABBREVIATIONS: Final = frozenset(
    words(
        "jama gina sara emma tess clara hope alma cora elisa nora lars mika nicu gerd "
        "isaac anca homa paco dora mona vito "
        "lina mara stella"
    )
)
# Given names that are sure even in lower case, and alone.
_SURE: Final = frozenset(
    name for name in GIVEN_NAMES - ALSO_WORDS - LOW_WORDS - STOPS if len(name) > 3
) - _ABBREVIATIONS | frozenset(words("tim jim joe zoe amy jon"))
_PARTICLE: Final = (
    r"(?:(?:de|del|della|di|da|dos|das|do|du|des|la|le|los|las|van|von|vom|zu|zur|der"
    r"|den|dem|ter|ten|te|el|al|bin|bint"
    r"|ibn|abu|ben|st|mac|mc|'t|y|e|af|av)[ ]|(?:al|el)-|[dlo]')"
)
_WORD: Final = rf"{LETTER}{{2,24}}(?:[-']{LETTER}{{2,24}}){{0,2}}"
_NAME: Final = rf"{_PARTICLE}{{0,3}}{_WORD}(?:[ ]{_PARTICLE}{{0,3}}{_WORD}){{0,3}}"
_PIECE: Final = re.compile(rf"{_PARTICLE}{{0,3}}(?P<word>{_WORD})")
_TITLES: Final = """
    mr mrs ms miss mx dr prof professor herr herrn frau mme mlle madame monsieur señora señor sra srta doña
    signora signor sig.ra sig dott dott.ssa dhr mevr mevrouw meneer mw smt shri kum sister nurse doctor sr
"""
_TITLE: Final = any_of(_TITLES)
# These are other words or tests, too: only a known given name behind them is one.
_OTHER: Final = frozenset(words("miss sister nurse doctor professor"))
_STUDIES: Final = frozenset(words("mr ms dr"))
_POINTED: Final = frozenset(words("sig mw sr"))
_KINS: Final = """
    daughter wife husband mother father brother sister son partner fiance aunt uncle niece nephew cousin
    grandson granddaughter grandmother grandfather girlfriend boyfriend mum mom mam mummy mommy dad daddy gran
    granny grandma grandpa grandad nan nana child baby girl boy toddler twin friend neighbour neighbor frau
    mann mutter vater oma opa tochter sohn bruder schwester femme mari mère père fille fils sœur frère
    patientin patiente paciente paziente mujer marido madre padre hija hijo hermana hermano abuela abuelo
    moglie marito figlia figlio nonna nonno dochter zoon moeder vader
"""
_KIN: Final = any_of(_KINS)
_MINE: Final = (
    r"(?:my|his|her|our|their|the|meine?r?|unsere?|mon|ma|mi|su|mio|mia|mijn|onze|this"
    r"|ring|call|phone|from|for|to|and|die|der|la|el|le|il)"
)


def _low_run(text: str, start: int, end: int, *, least: int = 1) -> Span | None:
    """The words from the start on that may be a name's; nothing where the first is another word."""
    kept: list[re.Match[str]] = []
    for piece in _PIECE.finditer(text, start, end):
        word = piece["word"]
        if not word.islower() or (is_low_word(word) and word not in ALSO_NAMES) or (kept and word in STOPS):
            break
        kept.append(piece)
    return (start, kept[-1].end()) if len(kept) >= least else None


def _after_title(found: re.Match[str]) -> Span | None:
    """The name behind a title: "mr" and "ms" name studies and illnesses, too."""
    title, text = found["title"], found.string
    where = _low_run(text, *found.span("hit"))
    if not where:
        return None
    first = re.split(r"[ ]", text[slice(*where)])[0]
    if title in _OTHER and not is_given(folded_word(first)):
        return None
    if not found["point"]:
        if title in _POINTED or (title in _STUDIES and first in ALSO_NAMES and first in STOPS):
            return None
        if title == "ms" and text[max(0, found.start() - 2) : found.start()].strip().isdigit():
            return None
    return where


def _after_label(found: re.Match[str]) -> Span | None:
    return _low_run(found.string, *found.span("hit"))


def _after_colon(found: re.Match[str]) -> Span | None:
    """The name of two words behind a label of a person and a colon."""
    text, colon = found.string, found.start()
    if not text[found.start("hit")].islower() or not LABEL.search(text[max(0, colon - 40) : colon].lower()):
        return None
    start, end = found.span("hit")
    initial = text[start + 1 : start + 2] == "."
    where = _low_run(text, start + (2 + text.startswith(" ", start + 2)) * initial, end, least=2 - initial)
    return (start, where[1]) if where else None


def _has_given(found: re.Match[str]) -> Span | None:
    """The run of words, if one of them is a known given name."""
    where = _low_run(found.string, *found.span("hit"), least=2)
    if not where or where[1] != found.end("hit"):
        return None
    pieces = [piece["word"] for piece in _PIECE.finditer(found.string, *where)]
    return where if any(is_given(folded_word(piece)) for piece in pieces) else None


def _kin(found: re.Match[str]) -> Span | None:
    """What stands between "my mother" and what she is or has, if none of it is another word."""
    where = _low_run(found.string, *found.span("hit"))
    return where if where and where[1] == found.end("hit") else None


def _turned(found: re.Match[str]) -> Span | None:
    """Surname, comma, known given name."""
    given = found["given"]
    if not (given.islower() and is_given(folded_word(given))) or given in STOPS:
        return None
    where = _low_run(found.string, *found.span("name"))
    return (where[0], found.end("given")) if where and where[1] == found.end("name") else None


def _known(found: re.Match[str]) -> Span | None:
    """A sure given name with the surname behind it, or in front of it and a comma."""
    word, text = found.group(), found.string
    folded = word if word.isascii() else folded_word(word)
    if folded not in _SURE and not ("-" in word and is_given(folded) and word not in STOPS):
        return None
    start, end = found.span()
    if EPONYM.match(text, end):
        return None
    surname = None
    if behind := _BEHIND.match(text, end):
        surname = _low_run(text, *behind.span("rest"))
        end = surname[1] if surname else end
    if surname and is_known_person(word, text[slice(*surname)].split()):
        return None
    if _PLACE.search(text[max(0, start - 9) : start]) or (not surname and _NUMBERED.match(text, end)):
        return None
    if front := _SURNAME_COMMA.search(text, max(0, start - 40), start):
        name = front["name"]
        if not is_low_word(name) and not any(letter.isupper() for letter in name):
            start = front.start()
    return start, end


# san francisco, queen elizabeth hospital
_PLACE: Final = re.compile(
    r"(?<![^\W_])(?:são|sao|san|santa|saint|st\.?|king|queen|prince|princess|los)[ ]\Z"
)
_NUMBERED: Final = re.compile(r"[ -]\d")
_BEHIND: Final = re.compile(rf"[ ](?P<rest>{_PARTICLE}{{0,3}}{_WORD}(?:[ ]{_PARTICLE}{{0,3}}{_WORD})?)")
_SURNAME_COMMA: Final = re.compile(rf"(?<![^\s,;:(\"]){_PARTICLE}{{0,3}}(?P<name>{_WORD}),[ ]?\Z")
_SAID: Final = (
    r"(?=[ ](?:is|was|has|had|who|aged|ist|war|hat|hatte|est|était|avait|es|tiene"
    r"|tenía|è|ha|aveva|heeft|wurde|wird|fue|klagt|refiere|acude|presenta|souffre"
    r"|présente|dob|turned|will|can"
    r"|cannot|does|did|\d)\b|'s\b|,[ ](?:aged|age|who|\d)|[ ]?\(\d)"
)
_BORN: Final = (
    r"(?=,?[ ]\(?(?:dob|d\.o\.b|mrn|nhs|hospital[ ](?:no|number)|hosp|chart|acct|ssn"
    r"|born|geb|aged?[ ]\d|bed[ ]\d|nacid|née?[ ]|nat[oa][ ]"
    r"|m\.?d\b|rn\b|r\.n|np\b|pa-c|phd|consultant|attending|registrar"
    r"|\d{1,3}[ -]?(?:yo\b|y/o|yrs?\b|years?|[mfy]\b|jahre|ans\b|años|anni|jaar)))"
)
LOW_NAMES: Final = (
    Rule(
        "name",
        re.compile(rf"(?<![\w./-])(?P<title>{_TITLE})(?:(?P<point>\.)[ ]?|[ ]{{1,2}})(?P<hit>{_NAME})"),
        signs=tuple(f"{title}{end}" for title in words(_TITLES) for end in " ."),
        digits=0,
        cut=_after_title,
    ),
    # patient name: john smith; my name is john smith
    Rule(
        "name",
        re.compile(
            r"(?:(?:^|(?<=\n)|(?<=[.,;|] )|(?<![^\W_])(?:pati[eë]nt|pt|pat|full|first|last"
            r"|given|family|maiden|preferred"
            r"|client)(?:'s)?[ _-]?)(?:name|naam)|(?<![^\W_])(?:surname|forename|vorname"
            r"|nachname|familienname|prénom"
            r"|apellidos?|cognome|achternaam|voornaam|nominativo|nom"
            r"|nombre)(?:\(s\))?)[ ]?[:=][ ]{0,4}(?P<hit>" + _NAME + ")",
            re.IGNORECASE,
        ),
        signs=words("name naam prénom apellido cognome nominativo nom nombre"),
        digits=0,
        cut=_after_label,
    ),
    # pathologist: lars haugen-lie
    Rule(
        "name",
        re.compile(rf"[:=](?=[ \t]{{0,8}}\n?[ \t]{{0,8}}(?P<hit>(?:[a-z]\.[ ]?)?{_NAME}))"),
        signs=(":", "="),
        digits=0,
        cut=_after_colon,
    ),
    Rule(
        "name",
        re.compile(
            r"(?<![^\W_])(?:[Nn]ame[ ]is|[Nn]ame's|[Nn]ames|(?:[Pp]t|[Pp]atient|[Ff]ull"
            r"|[Mm]y)[ ]name|[Mm]y[ ]names|[Ii]ch[ ]heiße|[Jj]e[ ]m'appelle"
            r"|[Mm]e[ ]llamo|[Mm]i[ ]chiamo|[Ii]k[ ]heet|[Mm]ijn[ ]naam[ ]is"
            r"|[Mm]ein[ ]name[ ]ist|[Mm]i[ ]nombre[ ]es)"
            rf"[ ](?P<hit>{_NAME})"
        ),
        signs=words("name heiße appelle llamo chiamo heet naam nombre"),
        digits=0,
        cut=_after_label,
    ),
    # my wife tiffany has; my grandfather tran van minh is 101
    Rule(
        "name",
        re.compile(rf"(?<![^\W_]){_MINE}[ ]{_KIN},?[ ](?P<hit>{_NAME}?){_SAID}"),
        signs=tuple(f" {kin} " for kin in words(_KINS)),
        digits=0,
        cut=_kin,
    ),
    # pt von hagen, horst
    Rule(
        "name",
        re.compile(
            rf"(?<![^\W_])(?:[Pp]t|[Pp]at|[Pp]ati[eë]nt|[Nn]ame|[Rr]e|[Ff]or"
            rf"|[Oo]f)[.:]?[ ](?!pt\b|pat)(?P<name>{_PARTICLE}{{0,3}}{_WORD}(?:[ ]{_WORD})?),[ ]?"
            rf"(?P<given>{_WORD})"
        ),
        signs=words("pt pat name re for of"),
        digits=0,
        cut=_turned,
    ),
    # dang thi hoa, hospital number 3041242
    Rule(
        "name",
        re.compile(
            r"(?:^|(?<=\n)|(?<=[.,:;>\]] )|(?<![^\W_])(?:[Pp]t|[Pp]atient(?:e|in)?|paciente"
            r"|paziente|saw|for|of|re|on|about"
            r"|seen|is|i'?m|am|by|to|with|called|bin|suis|soy|sono|ben)[ ])"
            rf"(?P<hit>{_NAME}){_BORN}"
        ),
        signs=(
            *words(
                "dob d.o.b mrn nhs hosp chart acct ssn born geb age bed y/o yrs year jahre años anni jaar"
            ),
            *words("nacid née nata nato m.d r.n pa-c phd consultant attending registrar"),
            *(" yo", " yr", "-yo", " md", " rn", " np", " né", " ans", " m ", " f "),
            *(f"{digit}{letter}" for digit in range(10) for letter in "mfy"),
        ),
        cut=_has_given,
    ),
    Rule(
        "name",
        re.compile(
            rf"(?<![\w'^@./-])[a-zà-öø-ÿāăąćčďđėęěğģīıķłńňőřśşšťūůűźżž]{LETTER}{{2,24}}(?:-{LETTER}{{2,20}})?(?![\w@]"
            rf"|[.]\w)"
        ),
        digits=0,
        cut=_known,
    ),
)
