"""Phone, fax and pager numbers, with a word in front or by their form alone."""

import re
from typing import Final

from curation.text.rule import Rule, before, words

_CALLED: Final = re.compile(
    r"(?<![^\W_])(?:tel\w{0,8}|tél\w{0,8}|phone|fon|fax|mobile?|handy|móvil|portable|cell|hotline|call|ring"
    r"|rappeler|rückruf|callback|cb|contact|pager|bleep|(?:call|reach|text|ring"
    r"|phone)\s(?:me|us|him|her|them)(?:\sback)?)(?:\s?(?:no|nr|number|nummer|at"
    r"|on))?[\s.:#]{0,4}\Z"
)
# After these words any number may follow; only a long one is a phone number.
_MAYBE_CALLED: Final = re.compile(r"(?<![^\W_])(?:at|on|under|unter|au|en el|al)\s\Z")
_INSIDE: Final = (
    r"(?<![^\W_])(?:pager|bleep|beeper|dect|bip|busca|buscapersonas|poste|durchwahl|dw|ext|extension"
    r"|extensión|nebenstelle|interno|phone|tel|tél|telefon|fon|haustelefon)(?:\s?(?:no|nr"
    r"|number))?[\s.:\#]{1,3}"
)
_EXTENSION: Final = r"(?:,?\s?(?:ext\.?|extension|x|durchwahl|poste)\s?\d{1,6})?"
# A lens of +1.25/-0.50/180, months of 01/2000 - 12/2006.
_NO_PHONE: Final = re.compile(r"(?<![\d.])\d\.\d\d(?!\d)|\d/(?:19|20)\d\d(?!\d)")


def _digits(found: re.Match[str]) -> int:
    return sum(character.isdigit() for character in found.group())


def _is_called(found: re.Match[str]) -> bool:
    """Whether something in front calls it a phone number, and it has as many digits as one."""
    digits, front = _digits(found), before(found)
    return (6 <= digits <= 20 and _CALLED.search(front) is not None) or (
        8 <= digits <= 20 and _MAYBE_CALLED.search(front) is not None
    )


def _is_long(found: re.Match[str]) -> bool:
    """Whether there are as many digits as in a phone number, and it is nothing else."""
    return 8 <= _digits(found) <= 20 and not _NO_PHONE.search(found.group())


def _is_uneven(found: re.Match[str]) -> bool:
    """Whether the parts are no round amounts that follow each other: 600 700 800, 300/500/1000."""
    parts = re.findall(r"\d+", found.group())[:3]
    return any(int(part) % 10 for part in parts) and not re.search(r"\d/\d", found.group())


PHONES: Final = (
    Rule(
        "phone",
        re.compile(rf"[\d(\[+](?<![\w+].)(?:[\s()\[\]/._-]{{0,3}}\d){{5,16}}{_EXTENSION}(?![^\W_])"),
        digits=6,
        low=True,
        check=_is_called,
    ),
    Rule(
        "phone",
        re.compile(_INSIDE + r"(?P<hit>\d{2}-\d{3,4}|\d{3,6})(?![\w/%]|[.,-]\d)"),
        signs=words("pager bleep beeper dect bip busca poste durch dw ext nebenst intern phone tel tél fon"),
        digits=3,
        low=True,
    ),
    Rule(
        "phone",
        re.compile(r"(?<!\w)x(?!1000\b)(?P<hit>\d{4,5})(?!\w|[.,]\d)|(?<=\d )x\d{3,5}\b"),
        signs=("x",),
        digits=4,
    ),
    Rule(
        "phone",
        re.compile(
            rf"(?:\+|00)"
            rf"(?<![\w+/.,]\+)(?<![\w+/.,]00)[1-9]\d{{0,2}}[\s(/.-]{{0,2}}\d[\d\s()/.-]{{5,20}}\d{_EXTENSION}"
        ),
        digits=8,
        check=_is_long,
    ),
    # North America: (212) 555-0134, 212 / 555 / 0134
    Rule(
        "phone",
        re.compile(
            r"(?:1(?<![\w.,/-]1)[-. ])?(?:[(\[][2-9]"
            r"|[2-9])(?<![\w.,/]\d)(?<![\w.,/][(\[]\d)\d{2}[)\]]?[ ]?[-._/ ]?[ ]?"
            r"(?<!\d)[2-9]\d{2}[ ]?[-._/ ][ ]?\d{4}"
            rf"(?!\w|[.,-]\d){_EXTENSION}"
        ),
        digits=10,
        check=_is_uneven,
    ),
    # With a nought in front: 020 7946 0123, (040) 66969 202, 06.12.34.56.78, 0221/4710123
    Rule(
        "phone",
        re.compile(
            r"(?:\(0|0)(?<![\w.,/:-]0)(?<![\w.,/:-]\(0)\d{1,5}\)?(?:[\s/.-]{1,3}\d{2,}){1,6}(?!\w|[.,]\d)"
        ),
        digits=8,
        check=_is_long,
    ),
    # Spain: 612 345 678, 91 123 45 67, (93) 123 4567
    Rule(
        "phone",
        re.compile(
            r"[6-9](?<![\w.,/-]\d)(?:\d{2}(?P<parted>[ .-])\d{3}(?P=parted)\d{3}"
            r"|\d \d{3} \d{2} \d{2})(?!\w|[.,-]\d|[ ]?%)|\(\d{2,5}\)\s\d{3}[\s-]\d{3,4}(?!\w|[.,]\d)"
        ),
        digits=9,
        check=_is_uneven,
    ),
)
