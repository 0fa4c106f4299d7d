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


_PERSON: Final = any_of(
    """
    mum mom mummy mommy mother dad daddy father grandma grandpa grandmother grandfather granny gran
    grandad nan nana aunt auntie uncle wife husband patient man woman lady gentleman resident neighbour
    neighbor oma opa mutter vater tante onkel ehefrau ehemann schwiegermutter schwiegervater patientin
    mère père grand-mère grand-père mari femme patiente madre padre abuela abuelo nonna nonno mamma moeder
    vader mevrouw meneer paciente paziente
    """
)


_SAID: Final = re.compile(
    rf"(?<![^\W_])(?:(?:{_PERSON}(?:,?\s[^\W\d_]{{2,20}}){{0,2}}|s?he|who|i|er|sie|die"
    rf"|der|il|elle|qui|que|ella|él"
    r"|che|lei|lui|hij|zij|ze|ik|ich|ha)(?:\s(?:is|was|am|be|ist|war|bin|wird|wurde"
    r"|est|a|es|tiene|ha|heeft|turned"
    r"|turns|turning)(?:\s(?:now|only|already|over|almost|nearly|about|jetzt|schon"
    r"|bereits|fast|über))?|'s|'m)"
    rf"|j'ai|tengo)\s\Z|(?<![^\W_]){_PERSON}(?:\s[^\W\d_]{{2,20}}){{0,2}}\s?\((?:aged\s)?\Z"
)


def _is_said(found: re.Match[str]) -> bool:
    """Whether somebody is said to be so old, or a person has the age in brackets behind."""
    front = before(found)
    return _SAID.search(front) is not None and (front[-1] != "(" or following(found)[:1] in {")", ",", ";"})


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
            r"|anos\b|anni\b|jaar|jarige|lat(?:a|ka)?\b|år\b|yaş)"
        ),
        signs=words("y ja jä j. ans años anos anni lat år"),
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
            r"\b(?:aged?|alter|edad|âge|âgée?\sde|età|lebensjahr|yaş|patientage|1010\)\sas\s\["
            r"|(?<=di )anni|(?<=, )anni|leeftijd|wiek|ålder|idade)\s?(?:of"
            r"|is|was|at)?[\s:=,]{0,3}(?P<hit>(?P<age>\d{2,3}))(?![\d%]|[.,]\d|\s*(?:-|to|±|\+/-)\s*\d)"
        ),
        signs=words("age alter edad âg età jahr yaş anni leeft wiek ålder idade"),
        digits=2,
        low=True,
        check=_is_of_one,
    ),
    # Mum (100), who is 93, ist 94 und
    Rule(
        "age",
        re.compile(
            r"(?:9\d|1[01]\d)(?<![\w.,/-]9\d)(?<![\w.,/-]1\d\d)(?!\s?(?:%|°|/|kg|lb|mg|ml|mm"
            r"|cm|bpm|bei|f\b|c\b|st\b"
            r"|per\b|percent|points|pounds|beats|days?|weeks?|months?|minutes?|hours?|miles)|[\w-]|[.,:]\d)"
        ),
        signs=tuple(map(str, range(90, 120))),
        digits=2,
        low=True,
        check=_is_said,
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
