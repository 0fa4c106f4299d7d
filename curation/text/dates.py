"""Dates to the day that are written in numbers."""

import re
from typing import Final

from curation.text.rule import Rule, before, following

_YEAR: Final = r"(?:1[89]|20)\d{2}"
_PARTED: Final = r"[-./_|·\\,]"
# A number with points behind these is no date: 3.2.10 is a version, 8/9/10 an Apgar score.
_NUMBERED: Final = re.compile(
    r"(?:\b(?:version|release|software|build|section|chapter|abschnitt|kapitel|apgar|python|pytorch"
    r"|tensorflow|cuda|matlab|slicer|monai|osirix|horos|imagej|fiji|freesurfer|itk|vtk|fsl|syngo|ver|rev"
    r"|v|oid|ph)|§)\W{0,3}\Z"
)
_UNIT: Final = re.compile(
    r"\s*(?:%|°|mg|µg|ml|mm|cm|min|sec|s\b|h\b|hours?|days?|weeks?|months?|years?|tage|wochen|jours"
    r"|ans\b|x\s?\d|\u00d7)"
)
# What counts a part of a whole: 4/5 of the nodes, the lower 1/3.
_COUNTED: Final = re.compile(
    r"\s*(?:of|out|occasions|cases|times|power|strength|positive|patients|readers|lesions|nodes|slides|levels"
    r"|images|eyes|views|von|der|des|du|de|del|sup[eé]rieur|inf[eé]rieur|moyen|medio|distal|proximal"
    r"|inferior)\b"
)


# "v. 17.10.22" is German for "of the", where a blank stands between and day and month are in this order.
_OF_THE: Final = re.compile(r"(?<![^\W_])v\.\s\Z")
# What a scanner reads for digits.
_MISREAD: Final = str.maketrans("OoQIl|SB", "00011158")


def _is_calendar_day(found: re.Match[str]) -> bool:
    """Whether day and month, in either order, could be: 04/11, 11/04, 25/12, not 45/12."""
    first, second = sorted((int(found["first"]), int(found["second"])))
    return 1 <= first <= 12 and second <= 31


def _is_date(found: re.Match[str]) -> bool:
    """Whether three numbers are a date: those with a year of two digits must look like nothing else."""
    if not _is_calendar_day(found):
        return False
    if found["parted"] == ",":
        return bool(found["year"]) and " " not in found.group() and len(found["first"] + found["second"]) == 4
    if found["year"] and found["parted"] != ".":
        return True
    front = before(found)
    if _NUMBERED.search(front) and not (_OF_THE.search(front) and int(found["second"]) <= 12):
        return False
    return bool(found["year"]) or (found["parted"] in "-./_" and not _UNIT.match(following(found)))


def _is_misread(found: re.Match[str]) -> bool:
    """Whether a scanned date has letters for some of its digits: 21/1O/1984, O3.l1.2020."""
    text = found.group()
    digits = sum(map(str.isdigit, text))
    read = text.translate(_MISREAD)
    if digits < 3 or read == text:
        return False
    first, second, year = (int(part) for part in re.findall(r"\d+", read))
    low, high = sorted((first, second))
    return 1 <= low <= 12 and high <= 31 and (year < 100 or 1880 <= year <= 2100)


def _is_day(found: re.Match[str]) -> bool:
    """Whether 3/4 is a day: no part of a whole."""
    first, second = int(found["first"]), int(found["second"])
    is_part = first < second <= 5 and "0" not in found.group()
    return (
        _is_calendar_day(found)
        and not is_part
        and _SAYS_DAY.search(before(found)) is not None
        and not _COUNTED.match(following(found))
    )


def _is_dotted_day(found: re.Match[str]) -> bool:
    return _is_calendar_day(found) and _SAYS_DAY.search(before(found)) is not None


def _is_spread_day(found: re.Match[str]) -> bool:
    """Whether eight digits with blanks between are a date."""
    digits = re.sub(r"\D", "", found.group())
    for day, month, year in (
        (digits[:2], digits[2:4], digits[4:]),
        (digits[2:4], digits[:2], digits[4:]),
        (digits[6:], digits[4:6], digits[:4]),
    ):
        if 1 <= int(day) <= 31 and 1 <= int(month) <= 12 and year[:2] in {"18", "19", "20"}:
            return True
    return False


# 25/12 says a day only where something says so: it may be a ratio.
_SAYS_DAY: Final = re.compile(
    r"(?<![^\W_])(?:(?:on|born|dated?|since|until|till|before|after|through|by|am|vom|bis|seit|ab|zum"
    r"|geb\.?|le|du|au|el|del|al|desde|dob|f/u|fu|fall|adm\w{0,6}|seen|surgery|op|dos|inj\w{0,7}|visit"
    r"|check|scan|follow-?up|appt"
    r"|labs?|echo|cxr|mrt|irm|tdm|tac|xr|rx)|(?:ct|mri?|pet|us|oct)(?:\s[a-z]{2,5})?)\s?:?\s{1,3}\Z"
)
DATES: Final = (
    Rule(
        "date",
        re.compile(
            rf"(?P<first>\d(?<![\d./-]\d)\d?)\s{{0,2}}(?P<parted>{_PARTED}{{1,2}})\s{{0,2}}"
            rf"(?P<second>\d{{1,2}})\s{{0,2}}(?P=parted)\s{{0,2}}(?:(?P<year>{_YEAR})(?!\d)"
            rf"|'?\d{{2}}(?![\w/-]|[.,]\d))"
        ),
        digits=4,
        check=_is_date,
    ),
    Rule(
        "date",
        re.compile(
            rf"(?P<year>(?:1[89]|20)(?<![\d.]\d\d)\d{{2}})\s?(?P<parted>{_PARTED})\s?(?P<first>\d{{1,2}})\s?"
            r"(?P=parted)\s?(?P<second>\d{1,2})(?!\d|[.,]\d)"
        ),
        digits=6,
        check=_is_date,
    ),
    Rule(
        "date",
        re.compile(
            r"(?<![\w./|-])[\dOoQIl|SB]{1,2} ?(?P<parted>[./-]) ?[\dOoQIl|SB]{1,2} ?(?P=parted) ?"
            r"(?:[12Il|][\dOoQIl|SB]{3}|[\dOoIl]{2})(?![\w/-]|[.,]\d)"
        ),
        digits=3,
        check=_is_misread,
    ),
    Rule("date", re.compile(r"(?:1[89]|20)\d{2}年\s?\d{1,2}月\s?\d{1,2}日?"), signs=("年",), digits=6),
    Rule(
        "date",
        re.compile(r"(?:19|20)(?<![\d.,]\d\d)\d{2}(?P<first>0[1-9]|1[0-2])(?P<second>[0-3]\d)(?!\d|[.,]\d)"),
        digits=8,
        check=_is_calendar_day,
    ),
    Rule(
        "date",
        re.compile(r"(?P<first>\d(?<![\w.,/-]\d)\d) (?P<second>\d{2}) (?:19|20)\d{2}(?!\w)"),
        digits=8,
        check=_is_calendar_day,
    ),
    Rule(
        "date",
        re.compile(
            r"\d(?<![\w.,/-]\d) \d(?: [/.-])? \d \d(?: [/.-])? \d \d(?: [/.-])? \d \d(?! ?[\d.,/-]\d|\w)"
        ),
        digits=8,
        check=_is_spread_day,
    ),
    Rule(
        "date",
        re.compile(r"(?P<first>\d(?<![\w.,/-]\d)\d?)/(?P<second>\d{1,2})(?![\w/-]|[.,]\d)"),
        signs=("/",),
        digits=2,
        check=_is_day,
    ),
    Rule(
        "date",
        re.compile(r"(?P<first>\d(?<![\w.,/-]\d)\d?)\.(?P<second>\d{1,2})\.(?!\w)"),
        digits=2,
        check=_is_dotted_day,
    ),
    # No ratio has a nought in front, and no number ends in a point and a colon.
    Rule(
        "date",
        re.compile(r"(?P<first>\d(?<![\w.,/-]\d)\d?)/(?P<second>0[1-9])(?![\w/-]|[.,]\d)"),
        signs=("/0",),
        digits=3,
        check=_is_calendar_day,
    ),
    Rule(
        "date",
        re.compile(r"(?P<first>0[1-9](?<![\w.,/-]\d\d))/(?P<second>\d{1,2})(?![\w/-]|[.,]\d)"),
        signs=("/",),
        digits=3,
        check=_is_calendar_day,
    ),
    Rule(
        "date",
        re.compile(
            r"(?P<first>\d(?<![\w.,/-]\d)\d?)\.(?P<second>\d{1,2})\.(?=[:;,)]|\s?(?:-|bis(?:\szum)?|und"
            r"|u\.)\s?\d{1,2}\.\d)"
        ),
        digits=2,
        check=_is_calendar_day,
    ),
)
