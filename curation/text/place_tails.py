"""How far an address reaches: the flat in front of a street, the town and its code behind it."""

import re
from typing import Final

from curation.text.letters import UPPER
from curation.text.report_words import ALSO_NAMES, STOPS
from curation.text.rule import Span, span

STATES: Final = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC "
    "ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
).replace(" ", "|")
# Letters that the second half of a British postcode never has (2 mm, 5 mg, 3 cm look like one).
BRITISH: Final = r"[A-Z]{1,2}\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{2}"
_LONG_STATE: Final = (
    r"(?:New|North|South|West|Rhode)\s[A-Z][a-z]{3,12}|California|Texas|Florida"
    r"|Illinois|Ohio|Georgia|Michigan"
    r"|Virginia|Massachusetts|Arizona|Washington|Tennessee|Indiana|Missouri|Maryland"
    r"|Wisconsin|Colorado|Minnesota"
    r"|Alabama|Louisiana|Kentucky|Oregon|Oklahoma|Connecticut|Utah|Iowa|Nevada|Arkansas|Kansas|Idaho|Nebraska"
    r"|Hawaii|Maine|Montana|Delaware|Alaska|Vermont|Wyoming|Pennsylvania|Mississippi"
)
_LETTERED: Final = (
    rf"(?i:{BRITISH}|(?:{STATES}|{_LONG_STATE})[.,]?\s{{1,2}}\d{{5}}(?:-\d{{4}})?"
    r"|(?:AB|BC|MB|NB|NL|NS|ON|PE|QC|SK|YT)[.,]?\s{1,2}[A-Z]\d[A-Z][ -]?\d[A-Z]\d"
    r"|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT)\s{1,2}\d{4}|[A-Z]\d[\dW]\s?[A-Z\d]{4})(?!\w)"
)
_NUMBER: Final = (
    r"(?:(?:D|A|CH|F|E|I|NL|B|L|DK|SE?|PL)-)?(?:\d{5}|\d{4}(?:[ ]?(?i:[A-Z]{2})\b)?"
    r"|\d{2}-\d{3}|\d{3}[ ]\d{2})"
)
_TOWN: Final = (
    rf"(?:{UPPER}[\w'.-]{{1,24}}(?:[ -](?:(?:am|an der|an den|im|in|bei|ob|upon|on|le"
    rf"|la|les|de|du|sur|sous|del"
    rf"|della|aan den|aan de|bij|op)[ -])?{UPPER}[\w'.-]{{1,24}}){{0,2}}|[^\W\d_]{{3,24}})"
)
# A word or a number of the floor; between two stands a blank or a gap, so that there is one way to read them.
_PIECE: Final = r"(?:[^\W\d_][\w'.-]{0,24}|\d{1,3}[a-z]?[ºª°.]{0,2})"
_GAP: Final = r"(?:[ ]?[,;|][ ]{0,3}(?:\n[ ]{0,3})?|[ ]?\n[ ]{0,3}|[ ]-[ ])"
_NEXT: Final = rf"(?:{_GAP}|[ ])"
# ", Leeds LS6 3QT"; ", 3º B, 28013 Madrid", "\n50667 Köln"; ", Sector 14, Pune - 411004"
_WITH_CODE: Final = re.compile(
    rf"(?:{_NEXT}{_PIECE}){{0,8}}?{_NEXT}{_LETTERED}"
    rf"|(?:{_GAP}{_PIECE}(?:[ ]{_PIECE}){{0,3}}){{0,3}}?{_GAP}{_NUMBER}[ ]{_TOWN}"
    rf"|{_GAP}{_PIECE}(?:{_NEXT}{_PIECE}){{0,8}}?[ ,-]{{1,3}}(?:[1-9]\d\d[ ]?\d{{3}}|\d{{5}})(?![\d%/])"
)
_TOWN_ALONE: Final = re.compile(
    rf"{_GAP}(?P<town>[A-ZÀ-ÖØ-Þ][\w'.-]{{2,24}}(?:[ -][A-ZÀ-ÖØ-Þ][\w'.-]{{2,24}}){{0,2}})"
    r"(?=[ ]?[,.;)\n]|$|[ ](?:and|since|und|et|y|e|en|with|mit)\b)"
)
_LAND: Final = re.compile(
    r",[ ]?(?:Deutschland|Germany|Österreich|Austria|Schweiz|Switzerland|France|España|Spain|Italia|Italy|UK"
    r"|United Kingdom|England|Scotland|Wales|Ireland|Northern Ireland|USA|U\.S\.A\.|US|United States|Canada"
    r"|Australia|India|Nederland|Netherlands|Belgium|België|Belgique|Polska|Poland)(?!\w)|[ ]\([A-Z]{2}\)"
)
_FLAT: Final = re.compile(
    r"(?:(?<![^\W_])(?:flat|apt|apartment|unit|suite|ste|room|house|studio|wohnung|whg"
    r"|apto|piso|appt|bât|bât\.|no"
    r"|h\.?\s?no|d\.?\s?no|plot|door|block)\.?\s?(?:no\.?\s?)?#?(?:\d[\w/-]{0,5}"
    r"|[a-z]),\s?)?(?:(?:[A-Z][\w'-]{1,20}[ ]){1,2}(?:House|Court"
    r"|Lodge|Apts?|Apartments|Mansions?|Towers?|Heights|Building|Residency|Enclave"
    r"|Manor|Villa),\s?)?(?:(?<![^\W_])(?:flat|apt|unit|house|no\.?)\s)?\Z",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(
    r"(?:,?[ ](?:apt|apartment|suite|ste|unit|flat|floor|room|piso|planta|wohnung|appt"
    r"|app|bus|#)\.?[ ]?[\w-]{1,6}(?!\w))"
    r"|(?:,?[ ](?:po\s)?box[ ]\d{1,6})",
    re.IGNORECASE,
)


def has_code(found: re.Match[str]) -> bool:
    """Whether a town with its code follows the street."""
    return _WITH_CODE.match(found.string, _past_flat(found.string, span(found)[1])) is not None


def _past_flat(text: str, end: int) -> int:
    behind = _AFTER.match(text, end)
    return behind.end() if behind else end


def whole_address(found: re.Match[str]) -> Span:
    """The street with the flat in front of it and the town behind it."""
    text = found.string
    start, end = span(found)
    if flat := _FLAT.search(text, max(0, start - 64), start):
        start = flat.start()
    end = _past_flat(text, end)
    if tail := _WITH_CODE.match(text, end):
        end = tail.end()
    elif town := _TOWN_ALONE.match(text, end):
        first = town["town"].split()[0].lower()
        if first not in STOPS or first in ALSO_NAMES:
            end = town.end()
    if land := _LAND.match(text, end):
        end = land.end()
    return start, end
