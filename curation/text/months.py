"""Dates to the day with the names of months in eleven languages; days in words."""

# ruff: noqa: RUF001 - the dotless i is a letter of Turkish

import re
from typing import Final

from curation.text.rule import Rule, any_of, following, words

_ENGLISH: Final = "january february march april may june july august september october november december"
_GERMAN: Final = """
    januar jänner februar feber märz maerz april mai juni juli august september oktober november dezember
"""
_FRENCH: Final = "janvier février mars avril mai juin juillet août aout septembre octobre novembre décembre"
_SPANISH: Final = """
    enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre
"""
_ITALIAN: Final = """
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
"""
_DUTCH: Final = """
    januari februari maart april mei juni juli augustus september oktober november december
"""
_PORTUGUESE: Final = """
    janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
"""
_NORTHERN: Final = """
    januar februar marts mars april maj mai juni juli august augusti september oktober november december
    desember
"""
_POLISH: Final = """
    stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
"""
_TURKISH: Final = "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık"
_SHORT: Final = """
    jan feb mar mär mrz apr jun jul aug sep sept oct okt nov dec dez janv févr fév avr juil déc ene abr ago
    dic gen mag giu lug set ott
"""
_ALL: Final = " ".join(
    dict.fromkeys(
        words(
            _ENGLISH + _GERMAN + _FRENCH + _SPANISH + _ITALIAN + _DUTCH + _PORTUGUESE + _NORTHERN + _POLISH
            + " " + _TURKISH
        )
    )
)  # fmt: skip
SIGNS: Final = tuple(sorted({word[:3] for word in (_ALL + " " + _SHORT).split()}))
_END: Final = r"(?![^\W\d_])"
_MONTH: Final = any_of(_ALL + " " + _SHORT) + _END
_CAPITAL: Final = any_of(
    " ".join(word.capitalize() for word in _ALL.split())
    + " "
    + " ".join(word.upper() for word in (_ENGLISH + _GERMAN).split())
    + " Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Okt Dez JAN FEB APR JUN JUL AUG SEP NOV DEC"
)
# These are other words, too: "in march 3 of them", "it may 2", "12 mai", "set 3".
_DOUBTFUL: Final = frozenset(words("may march mai set mag ago gen mei maj maja mart marts ocak ekim nisan"))
_ANY_ENGLISH: Final = any_of(_ENGLISH + " jan feb mar apr jun jul aug sep sept oct nov dec")
_SURE_ENGLISH: Final = any_of(" ".join(word for word in words(_ENGLISH) if word not in _DOUBTFUL))
# After these a number and such a word are a day: "le 16 mai", "op 3 mei".
_ON: Final = any_of(
    """
    on since until till before after from by dated le du au dès il dal al del op sinds vanaf tot am vom bis
    seit ab den em desde d.d. dd. dia
"""
)
_DAY: Final = r"(?P<day>\d(?<![^\W_]\d)(?<![.,/-]\d)\d?)(?:\.?º|st|nd|rd|th|er|°|\.)?"
_YEAR: Final = r"(?:1[89]|20)\d{2}(?!\d)"
_SHORT_YEAR: Final = r"\d{2}(?![\w:%°]|[.,/-]\d)"
_NOT_A_YEAR: Final = re.compile(
    r"\s*(?:%|°|mg|ml|mm|cm|cases|patients|eyes|images|lesions|nodules|of\b|out\b|or\b|to\b|times|weeks|days"
    r"|months|years|minutes|hours|steps|x\s?\d|\u00d7|h[a]?emoglobinuria|fractures?|-?thurner|-?hegglin|-\d)"
)


def _is_day(found: re.Match[str]) -> bool:
    return 1 <= int(found["day"]) <= 31


def _is_day_of_year(found: re.Match[str]) -> bool:
    """Whether day and month have a year behind them: one of two digits must not be a count of something."""
    if not _is_day(found) or found.string[max(0, found.start() - 1) : found.start()].isalpha():
        return False
    if found["year"] or found["parted"].strip(" ,") or not found["parted"]:
        return True
    return found["month"] not in _DOUBTFUL and not _NOT_A_YEAR.match(following(found))


def _is_day_alone(found: re.Match[str]) -> bool:
    """Whether day and month without a year are no count: "May 5 of these"."""
    is_word = found.start() == 0 or not found.string[found.start() - 1].isalnum()
    return is_word and _is_day(found) and not _NOT_A_YEAR.match(following(found))


def _is_low_day(found: re.Match[str]) -> bool:
    """Whether a month in lower case has a day behind it, not a count: "in june 5 of them"."""
    day = found["day"] or found["bare"]
    return 1 <= int(day) <= 31 and not _NOT_A_YEAR.match(following(found))


_EN_TENS: Final = "first second third fourth fifth sixth seventh eighth ninth"
_EN_DAY: Final = (
    r"(?:(?:twenty|thirty)[\s-]" + any_of(_EN_TENS) + "|"
    + any_of(
        _EN_TENS + " tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth"
        " nineteenth twentieth thirtieth"
    ) + ")"
)  # fmt: skip
_DE_DAY: Final = (
    r"(?:ersten?|zweiten?|dritten?|vierten?|fünften?|sechsten?|siebt?en?ten|siebten?|achten?|neunten?"
    r"|zehnten?|elften?|zwölften?|[a-zäöüß]{3,8}zehnten?|[a-zäöüß]{0,14}(?:zwanzig|dreißig|dreissig)sten?)"
)
_FR_DAY: Final = (
    "(?:" + any_of("""
    premier deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept
    dix-huit dix-neuf vingt-deux vingt-trois vingt-quatre vingt-cinq vingt-six vingt-sept vingt-huit
    vingt-neuf vingt trente
    """) + r"|vingt[\s-]et[\s-]un|trente[\s-]et[\s-]un)"
)  # fmt: skip
_ES_DAY: Final = (
    "(?:" + any_of("""
    primero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis
    dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintidos veintitrés veintitres
    veinticuatro veinticinco veintiséis veintiseis veintisiete veintiocho veintinueve treinta
    """) + r"|treinta y uno)"
)  # fmt: skip
_THE_YEAR: Final = rf"(?:,?\s+(?:de\s+|del\s+|of\s+)?{_YEAR})"
WRITTEN_DATES: Final = (
    # 4 July 1976, 10Oct48, 5-may-74, 3. Mai 2020, 5 de marzo del 2019, 4th day of July 1976
    Rule(
        "date",
        re.compile(
            rf"{_DAY}[\s./_,-]{{0,3}}(?:day\s)?(?:of\s|de\s|d')?(?P<month>{_MONTH})\.?"
            rf"(?P<parted>[\s./_,'-]{{0,3}})(?:del?\s|of\s)?(?:(?P<year>{_YEAR})|{_SHORT_YEAR})"
        ),
        signs=SIGNS,
        digits=3,
        low=True,
        check=_is_day_of_year,
    ),
    # July 4th, 1976, SEP-04-2012
    Rule(
        "date",
        re.compile(
            rf"(?P<month>{_MONTH})\.?[\s./_-]{{0,3}}(?:the\s)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
            rf"(?P<parted>[\s,./_'-]{{1,3}})(?:(?P<year>{_YEAR})|{_SHORT_YEAR})"
        ),
        signs=SIGNS,
        digits=3,
        low=True,
        check=_is_day_of_year,
    ),
    # 4 July, 4th of July, 3. Mai
    Rule(
        "date",
        re.compile(rf"{_DAY}[\s-]{{1,2}}(?:day\s)?(?:of\s|de\s)?{_CAPITAL}(?![\w-]\w)"),
        signs=SIGNS,
        check=_is_day_alone,
    ),
    # 5 de marzo, 1er mai, 12 août, 4 july
    Rule(
        "date",
        re.compile(
            rf"{_DAY}\s(?:of\s(?:the\s)?|de\s)?(?:"
            + any_of(" ".join(word for word in (_ALL).split() if word not in _DOUBTFUL))
            + r"|(?<=de )mayo|(?<=er )mai)"
            + _END
        ),
        signs=SIGNS,
        low=True,
        check=_is_day_alone,
    ),
    # 18th of may, 6th nov
    Rule(
        "date",
        re.compile(
            rf"(?P<day>\d(?<![^\W_]\d)\d?)(?:st|nd|rd"
            rf"|th)\s(?:day\s)?(?:of\s)?{_ANY_ENGLISH}{_END}"
        ),
        signs=("st ", "nd ", "rd ", "th "),
        low=True,
        check=_is_day,
    ),
    # le 16 mai, on 3 march
    Rule(
        "date",
        re.compile(
            rf"(?<![^\W_]){_ON}\s(?P<hit>{_DAY}\s(?:de\s)?(?P<month>{any_of(' '.join(_DOUBTFUL))}){_END})"
        ),
        signs=tuple(sorted({word[:3] for word in _DOUBTFUL})),
        low=True,
        check=_is_day_alone,
    ),
    # sep 23rd, november 4
    Rule(
        "date",
        re.compile(
            rf"(?<![^\W_])(?:{_MONTH}\.?\s(?:the\s)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)"
            rf"|{_SURE_ENGLISH}\s(?P<bare>\d{{1,2}}))"
            r"(?![\w%/]|[.,-]\d)"
        ),
        signs=SIGNS,
        low=True,
        check=_is_low_day,
    ),
    # July 4, July the 4th
    Rule(
        "date",
        re.compile(
            rf"{_CAPITAL}\.?[\s-]{{1,2}}(?:the\s)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w%/]|[.,-]\d)"
        ),
        signs=SIGNS,
        check=_is_day_alone,
    ),
    # 9.VIII.2017
    Rule(
        "date",
        re.compile(
            rf"{_DAY}[\s/-]?(?:xii|xi|ix|x|viii|vii|vi|iv|v|iii|ii|i)(?:\.\s?|[/-])(?:{_YEAR}|{_SHORT_YEAR})"
        ),
        signs=("i", "v", "x"),
        digits=3,
        low=True,
        check=_is_day,
    ),
    # the fourth of July 1976, July fourth, 1976
    Rule(
        "date",
        re.compile(
            rf"(?<![\w-]){_EN_DAY}\s(?:day\s)?of\s{any_of(_ENGLISH)}{_END}(?!\s(?:be|have|not|also|cause))"
            rf"{_THE_YEAR}?|(?<!\w){any_of(_ENGLISH)}\s(?:the\s)?{_EN_DAY}(?![\w-]){_THE_YEAR}"
            rf"|(?<!\w)(?!may|march){any_of(_ENGLISH)}\s(?:the\s)?{_EN_DAY}(?![\w-])"
        ),
        signs=("first", "second", "third", "th"),
        digits=0,
        low=True,
    ),
    # achten November 2017, treize août 2023, dos de marzo de 1947
    Rule(
        "date",
        re.compile(
            rf"(?<![\w-])(?:{_DE_DAY}\s(?:der\s)?{any_of(_GERMAN)}|{_FR_DAY}\s{any_of(_FRENCH)}"
            rf"|{_ES_DAY}\s(?:de\s{any_of(_SPANISH)}|{any_of(_ITALIAN)})){_END}{_THE_YEAR}?"
        ),
        signs=tuple(sorted({word[:4] for word in (_GERMAN + _FRENCH + _SPANISH + _ITALIAN).split()})),
        digits=0,
        low=True,
    ),
)
