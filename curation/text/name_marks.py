"""Names in front of a degree, a birth date or an age, and names that their spelling shows."""

import re
from typing import Final

from curation.text.letters import UPPER
from curation.text.name_parts import CAPS, NAME, is_given, is_plain, name_after, name_before, parts
from curation.text.plain import folded_word
from curation.text.rule import Rule, Span, span, words

_DEGREE: Final = (
    r",?[ ](?:MD|M\.D\.|D\.O\.|PhD|Ph\.D\.|RN|R\.N\.|PA-C|NP|FNP|CRNA|FRCS\w*|FRCR|FRCP\w*|FRANZCR"
    r"|MRCP\w*|MBBS|MBChB|MB[ ]ChB|FACR|FACS|RT\(R\)|DDS|DMD|DPM|RDMS|LPN|LVN|CNM|BSN|DVM|PharmD|FEBO|FEBR)"
    r"(?![\w/-]|[ ]?[-+=:]?[ ]?\d)"
)
_JOB: Final = (
    r",[ ](?:(?:Senior|Associate|Assistant|Clinical|Chief|Attending|Staff|Locum|Specialist|Honorary)[ ])?"
    r"(?:Consultant|Registrar|Professor|Radiologist|Pathologist|Dermatologist|Ophthalmologist|Surgeon"
    r"|Physician|Resident|Fellow|Facharzt|Fachärztin|Oberarzt|Oberärztin|Chefarzt|Chefärztin"
    r"|anatomopathologiste|radiologue"
    r"|dermatologue|ophtalmologiste|médecin|radiólog[oa]|patólog[oa])\b"
)
_BIRTH: Final = (
    r"(?:[ ]?[,;][ ]?|[ ]{1,6})\(?(?:(?i:born\b|geb\b\.?|geboren\b|née?[ ]le\b|nato\b|nata\b|nacid[oa]\b"
    r"|dob\b|d\.o\.b|date[ ]of[ ]birth|NHS[ ]|NI[ ]number|SSN\b|MRN\b|DNI\b|NHC\b|aged?[ ]\d)|[*†][ ]?\d"
    r"|\(\d{5,}|\(\d{2,4}-\d{2,4}-|\d{2,3}M\b|\d\dF\b)"
)
_IN_BED: Final = r"(?:bed|room|bay|ward|zimmer|bett|lit|chambre|cama|habitación)"
_AGED: Final = (
    r"[ ](?:is|was|ist|war|est|es)[ ](?:(?:an?|eine?n?|une?|una?)[ ])?(?:[^\W\d_]{3,16}[ ]){0,2}"
    r"(?:\d{1,3}[\s-]?(?:years?|yrs?|y)[\s-]?(?:old|of[ ]age)|\d{1,3}[ ]?(?:y/?o|y\.o)\b|aged?[ ]\d"
    r"|\d{1,3}[ -]?jährig|\d{1,3}[ ]Jahre[ ]alt|\d{1,3}[ ](?:ans|años)\b)"
)
_NUMBER_BEHIND: Final = (
    r"(?=(?:,?[ ]{1,2}|[ ]?[\t|;][ ]?)(?:\d{1,4}[-./ ]\d{1,2}[-./ ]\d|\d{1,2}-?[A-Za-z]{3}-?\d|[A-Z]{3}[- ]\d"
    r"|(?:9\d|1[01]\d)[ ]?[YMFyjJ]|\d{1,3}[ ]?(?:[MFmf]|yo|y/o)\b|\d{5,}|\d{3}[-_]\d\d|\*\d))"
)
_VOWEL: Final = re.compile("[AEIOUYÀ-Ý]")
_FIRST_CAPS: Final = rf"{UPPER}(?<![\w'^_-].){UPPER}{{1,24}}(?:['-]{UPPER}{{2,24}})?"
_HATTED: Final = rf"[^\W\d_][\w'-]{{0,24}}(?:[ ]{UPPER}[\w'-]{{0,24}}){{0,3}}"


def _capitals(found: re.Match[str]) -> Span | None:
    """Two words or more in capitals, none of which reports use, in front of a date or a number."""
    pieces = [word for _, _, word in parts(found.string, *span(found)) if word]
    if len(pieces) < 2 or max(map(len, pieces)) < 4:
        return None
    strong = any(is_given(folded_word(word)) for word in pieces)
    is_name = all(_VOWEL.search(word) and not is_plain(word, strong=strong) for word in pieces)
    return span(found) if is_name else None


def _is_no_heading(found: re.Match[str]) -> bool:
    """Whether no word in capitals is one of reports."""
    return not any(is_plain(word, strong=True) for _, _, word in parts(found.string, *span(found)))


def _is_half_capital(found: re.Match[str]) -> bool:
    """Whether a word in capitals and one with a capital are a name: neither is a word of reports."""
    return not is_plain(found["first"]) and not is_plain(found["second"])


def _is_person_name(found: re.Match[str]) -> bool:
    """Whether the parts between hats are a person's: CHEST^ROUTINE is a protocol."""
    pieces = [word for word in re.split(r"[\^_ ,=-]+", found["hit"]) if word]
    return not any(is_plain(word, strong=True) or word.isdigit() for word in pieces)


def _is_file_name(found: re.Match[str]) -> bool:
    """Whether a file is called after somebody: one of the words is a known given name, or a date follows."""
    pieces = [word for word in re.split("[_-]", found["hit"]) if word]
    if any(is_plain(word) for word in pieces):
        return False
    return found["date"] is not None or any(is_given(folded_word(word)) for word in pieces)


def _is_spelt(found: re.Match[str]) -> bool:
    """Whether letters with blanks between spell a name: A B C D are options, C A V E is a word."""
    letters = found.group().split()
    return letters != sorted(letters) and not is_plain("".join(letters))


_TWO_IN_FRONT: Final = name_after(2)


def _in_front(found: re.Match[str]) -> Span | None:
    """Two names at the start of a line, all of what stands in front of the age or date."""
    where = _TWO_IN_FRONT(found)
    return where if where == span(found) else None


HATTED_NAMES: Final = (
    Rule(
        "name",
        re.compile(
            rf"(?<![\w^'-])(?P<hit>{_HATTED}\^[^\W\d_][\w'-]{{0,24}}"
            rf"(?:[ ]{CAPS}){{0,2}}(?:\^[\w.]{{0,12}}){{0,3}})"
        ),
        signs=("^",),
        digits=0,
        check=_is_person_name,
    ),
)
MARKED_NAMES: Final = (
    Rule(
        "name",
        re.compile(_DEGREE),
        signs=tuple(f" {sign}" for sign in words("md m.d d.o ph r pa- np fnp cr fr m fa d l cn bs fe")),
        digits=0,
        cut=name_before(strong=True),
    ),
    Rule("name", re.compile(_JOB), signs=(", ",), digits=0, cut=name_before(strong=True)),
    Rule(
        "name",
        re.compile(_BIRTH),
        signs=(
            *words("born geb né nata nato nacid dob d.o.b birth nhs number ssn mrn dni nhc age * †"),
            *(f"({digit}" for digit in range(10)),
            *(f"{digit}{letter}" for digit in range(10) for letter in "mf"),
        ),
        cut=name_before(2),
    ),
    Rule(
        "name",
        re.compile(rf",?[ ](?:-[ ])?(?:[*†][ ]?\d|{_IN_BED}[ ]?\d)"),
        signs=words("* † bed room bay ward zimmer bett lit chambre cama habit"),
        cut=name_before(),
    ),
    Rule("name", re.compile(_AGED), cut=name_before()),
    # S. Ivanova, 97 years old; at the start of a line Tigist Gebremariam, 51, smoker
    Rule(
        "name",
        re.compile(
            r",?[ ]\(?(?:aged[ ])?\d{1,3}[\s-]?(?:years?|yrs?|yo\b|y/o|y\.o|Jahre|ans\b|años"
            r"|anni|jaar|anos|lat[ a]|let\b|[JjyY]\.)"
        ),
        signs=words("year yrs yo y/o y.o jahre ans año anni jaar anos lat let j. y."),
        cut=name_before(2),
    ),
    Rule(
        "name",
        re.compile(
            rf"(?:^|(?<=\n)|(?<=[.:;] ))(?=(?P<hit>{NAME})(?:,?[ ]\(?\d{{1,3}}[,)]"
            rf"|[ ]\d{{1,2}}[./-]\d{{1,2}}[./-]\d\d))"
        ),
        cut=_in_front,
    ),
    # Tamsin Tuttle  Age: 104
    Rule(
        "name",
        re.compile(
            r"[ \t|;,]{1,8}(?:Age|Sex|Gender|DOB|D\.O\.B\.?|MRN|Alter|Geschlecht|Edad|Sexo|Âge"
            r"|Sexe|Età|Sesso|Leeftijd)[ ]?[:/=]"
        ),
        signs=words("age sex gender dob d.o.b mrn alter geschl edad âge età sesso leeft"),
        digits=0,
        cut=name_before(2),
    ),
    # Savitri's mother
    Rule(
        "name",
        re.compile(
            r"'s[ ](?:mother|father|mum|mom|dad|wife|husband|son|daughter|sister|brother"
            r"|parents|appointment|birthday|gp|GP"
            r"|room|bed|insurance|medication)\b"
        ),
        signs=("'s ",),
        digits=0,
        cut=name_before(),
    ),
    # A mammogram of Jane Doe from 3 May
    Rule(
        "name",
        re.compile(r"[ ](?:from|on|dated)[ ]\d{1,2}(?:[./-]\d|th|st|nd|rd|\.?[ ][A-Z])"),
        signs=(" from ", " on ", " dated "),
        cut=name_before(2),
    ),
    Rule(
        "name",
        re.compile(rf"(?P<hit>{_FIRST_CAPS}(?:,?[ ](?:{CAPS}|{UPPER}\.)){{1,4}}){_NUMBER_BEHIND}"),
        cut=_capitals,
    ),
    # A line that begins with a name in capitals and a number.
    Rule(
        "name",
        re.compile(
            rf"(?:^|(?<=\n))(?P<hit>(?:{CAPS}[ ]){{0,2}}{CAPS})(?=[ ]?[/|;,\t][ ]?[A-Z]{{0,4}}\d[\d-]{{4,}})"
        ),
        digits=5,
        check=_is_no_heading,
    ),
    Rule(
        "name",
        re.compile(
            rf"(?<![\w'^_-])(?P<hit>(?P<first>{CAPS}),?[ ](?P<second>{UPPER}[a-zß-ÿ]{{2,20}}))"
            r"(?=,?[ ](?:\*|geb\b|né|born\b))"
        ),
        signs=("*", "geb", "né", "born"),
        check=_is_half_capital,
    ),
    Rule(
        "name",
        re.compile(
            rf"(?<![^\W_])(?P<hit>{UPPER}[^\W\d_]{{1,20}}(?:[_-][^\W\d_]{{1,20}}){{1,4}})"
            r"(?=_(?P<date>\d{4}[-_.]?\d\d|\d{2}[-_.]\d\d)?)"
        ),
        signs=("_",),
        digits=0,
        check=_is_file_name,
    ),
    Rule("name", re.compile(r"(?<![\w.-])[A-Z](?: [A-Z]){3,24}(?![\w-])"), digits=0, check=_is_spelt),
)
