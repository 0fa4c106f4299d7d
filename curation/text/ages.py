"""Ages over 89, in numbers and in words."""

import re
from typing import Final

from curation.text.rule import Rule, any_of, before, following, words

_OLD: Final = r"(?P<age>9\d(?<![\d.,/:+-]\d\d)|(?:1[01]\d|12[0-5])(?<![\d.,/:+-]\d\d\d))"
# What makes a time of it: 95-year follow-up, over 95 years later.
_TIME: Final = re.compile(
    r"[\s-]*(?:microsph|radioembol|sirt\b|ibritum|dota|resin|glass|follow|survival|later|period|interval"
    r"|risk|after|ago\b|earlier|of (?:follow|data|experience|record))"
)
_MEAN: Final = re.compile(
    r"(?:\b(?:mean|median|average|mittlere\w*|moyen\w*|media|between)(?:\W+[a-z]+){0,3}\W+|[<>≥≤±])\Z"
)
_HOT: Final = re.compile(
    r"(?:\b(?:t|temp\w*|tmax|fever\w*|febrile|afebrile|pyrexi\w*|of|to|at|was|is|max)\W{0,3}|[<>≥≤~])\Z"
)


def _is_old(found: re.Match[str]) -> bool:
    return 90 <= int(found["age"]) <= 125


def _is_of_one(found: re.Match[str]) -> bool:
    """Whether the age is a person's, not the mean of a group or a time that went by."""
    return _is_old(found) and not _TIME.match(following(found)) and not _MEAN.search(before(found))


def _is_patient(found: re.Match[str]) -> bool:
    """Whether 97F or 104M is a patient: 101F may be a temperature."""
    return not (found.group().upper().endswith("F") and _HOT.search(before(found)))


_DE_UNIT: Final = "(?:(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)und)?"
_EN_UNIT: Final = any_of("one two three four five six seven eight nine")
_FR_UNIT: Final = any_of("dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf")
AGES: Final = (
    Rule(
        "age",
        re.compile(
            _OLD + r"[\s-]{0,2}(?:(?:years?|yrs?)(?:[\s-]{1,2}(?:old\b|of\sage\b))?|y\.?\s?/?\s?o\b|yo\b"
            r"|(?<=\d)y\b|y\b(?=\s(?:old|male|female"
            r"|[mf]\b)|[.,;)])|jahren?(?:\salte?[rns]?)?\b|jährig\w{0,2}|jaehrig|j\.\s?alt|ans\b|años"
            r"|anos\b|anni\b|jaar|yaş)"
        ),
        signs=words("y ja jä j. ans años anos anni"),
        digits=2,
        low=True,
        check=_is_of_one,
    ),
    Rule(
        "age",
        re.compile(r"(?<=\bde )(?P<age>9\d|1[01]\d) a\.(?=\s[^\W\d_]|,|$)"),
        signs=(" a.",),
        digits=2,
    ),
    Rule(
        "age",
        re.compile(
            r"\b(?:aged?|alter|edad|âge|âgée?\sde|età|lebensjahr|yaş|patientage|1010\)\sas\s\[)\s?(?:of"
            r"|is|was|at)?[\s:=,]{0,3}(?P<hit>(?P<age>\d{2,3}))(?![\d%]|[.,]\d|\s*(?:-|to|±|\+/-)\s*\d)"
        ),
        signs=words("age alter edad âg età jahr yaş"),
        digits=2,
        low=True,
        check=_is_of_one,
    ),
    # 93M, 93/F, 104 F with; a bare 100F is a temperature, and 90Y a radioactive metal.
    Rule(
        "age",
        re.compile(r"(?:9\d(?<![\w.,/-]..)|1[01]\d(?<![\w.,/-]...))(?:\s?/?\s?[MF]|/[mf])(?![\w°'/])"),
        digits=2,
        check=_is_patient,
    ),
    Rule(
        "age",
        re.compile(r"(?:9[1-9](?<![\w.,/-]..)|(?:09|1[01])\d(?<![\w.,/-]...))Y\b"),
        signs=("y",),
        digits=2,
    ),
    Rule(
        "age",
        re.compile(
            rf"(?<!\w)(?:ninety(?:[\s-]{_EN_UNIT})?[\s-](?:years?|yr)(?:[\s-]old)?\b|(?:non|cent)(?:agen"
            rf"|en)arian\b"
            rf"|(?:(?:one|a)[\s-])?hundred(?:[\s-](?:and[\s-])?[a-z]{{3,8}})?[\s-]years?[\s-](?:old"
            rf"|of\sage)\b|{_DE_UNIT}neunzig(?:-?jährig\w*|\sjahren?\b)"
            rf"|quatre[\s-]vingts?[\s-](?:et[\s-])?{_FR_UNIT}[\s-]ans\b|cent(?:\s[a-z]{{2,6}})?\sans\b"
            r"|noventa(?:\sy\s[a-zé]{2,6})?\saños\b|cien(?:to\s[a-zé]{2,6})?\saños\b"
            r"|novant[a-z']{1,8}\sanni\b)"
        ),
        signs=words("inety arian undred eunzig vingt cent oventa cien ovant"),
        digits=0,
        low=True,
    ),
)
