"""Names in fields of records: XML and JSON by the field's name, tables by a known given name in the cell."""

import re
from typing import Final

from curation.text.letters import LETTER
from curation.text.name_parts import CAPS, WORD, is_given, is_plain
from curation.text.plain import folded_word
from curation.text.rule import Rule

_FIELD: Final = (
    r"(?:family|given|(?P<any>name|patient|client|contact|guardian|mother|father)"
    r"|(?:patient|last|first|full|middle|given"
    r"|family|sur|fore|maiden|pat|client|mother|father|guardian)[ _-]?names?|nom"
    r"|pr[ée]nom|nachname|vorname|apellidos?"
    r"|nombre|cognome|nome|achternaam|voornaam)"
)
_VALUE: Final = rf"(?P<hit>{LETTER}[^<>\"\n\d{{}}\[\]]{{1,60}})"
_CELL: Final = rf"(?:{WORD}|{CAPS})(?:[ ](?:{WORD}|{CAPS})){{0,2}}"


def _is_person(found: re.Match[str]) -> bool:
    """Whether a field holds a name: no word of reports, and two words where it may hold other names."""
    pieces = [piece for piece in re.split(r"[\s,^]+", found["hit"]) if piece.strip(".")]
    if found["any"] and (len(pieces) < 2 or not found["hit"][:1].isupper()):
        return False
    return bool(pieces) and not all(is_plain(piece, strong=True) for piece in pieces)


def _is_pair(found: re.Match[str]) -> bool:
    """Whether one of the two is a known given name and none a word of reports."""
    pieces = re.findall(rf"{LETTER}[\w'-]*", found["hit"])
    return any(is_given(folded_word(piece)) for piece in pieces) and not any(
        is_plain(piece, strong=True) for piece in pieces
    )


FIELD_NAMES: Final = (
    Rule(
        "name",
        re.compile(
            rf"<(?:\w{{1,12}}:)?{_FIELD}(?:\s[^<>]{{0,80}})?>\s{{0,4}}{_VALUE}(?=\s{{0,4}}</)", re.IGNORECASE
        ),
        signs=("</",),
        digits=0,
        check=_is_person,
    ),
    Rule(
        "name",
        re.compile(
            rf"[\"']{_FIELD}[\"']\s{{0,4}}:\s{{0,4}}\[?\s{{0,4}}[\"']{_VALUE}(?=[\"'])", re.IGNORECASE
        ),
        signs=(":",),
        digits=0,
        check=_is_person,
    ),
    # "Vlachos","Khalid"; cells between tabs or bars: | BIANCHI, GIUSEPPINA |
    Rule(
        "name",
        re.compile(rf"\"(?P<hit>{_CELL}\"?[,;][ ]?\"?{_CELL})\""),
        signs=('"',),
        digits=0,
        check=_is_pair,
    ),
    Rule(
        "name",
        re.compile(rf"(?:^|(?<=[\n\t|;])[ ]?)(?P<hit>{_CELL},[ ]?{_CELL})(?=[ ]?[\t|;])"),
        signs=("\t", "|", ";"),
        digits=0,
        check=_is_pair,
    ),
)
