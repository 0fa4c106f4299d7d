"""Names that are known by their given name, whatever stands around them."""

import re
from typing import Final

from curation.text.eponyms import is_known_person
from curation.text.given_names import ALSO_WORDS
from curation.text.letters import LETTER, UPPER
from curation.text.low_words import is_low_word
from curation.text.name_parts import (
    CAPS,
    EPONYM,
    INITIAL,
    PART,
    PARTICLE,
    WORD,
        is_given,
    is_plain,
    leading,
    parts,
    trailing,
)  # fmt: skip
from curation.text.plain import folded_word
from curation.text.report_words import STOPS
from curation.text.rule import Rule, Span, any_of, words

# In capitals these are tests and devices.
_ACRONYMS: Final = frozenset(
    words(
        "ana anca asma ada ama sara elisa mia eva lea ida rita pia ines mara hari sari dora erna inga max "
        "amia ira mina"
    )
)
# Ann Intern Med 2012;200:948
_REFERENCE: Final = re.compile(r"(?:[. ]{1,2}[A-Z][A-Za-z]{0,12}\.?){0,5}[ ,.]{1,2}(?:19|20)\d\d\s?[;:]\s?\d")
_BEHIND: Final = re.compile(
    rf"(?:[ \t](?:{INITIAL}|{UPPER}(?=[ ]))){{0,2}}(?P<rest>(?:[ \t]{{1,2}}{PART}){{1,3}})"
)
_GIVEN_CAPS: Final = re.compile(
    rf"(?<![\w'^-])(?:{PARTICLE}{{0,3}}{CAPS}[ ]){{0,1}}{PARTICLE}{{0,3}}{CAPS},?[ ]\Z"
)
_BEFORE_ALONE: Final = re.compile(
    r"(?:\b(?:st|saint|san|santa|são|sao|morbus|the|type|von|van|mb|m)\.?[ ]|[-'^_&/])\Z"
)
# Where the surname comes first: Wang Haoran, Nguyen Thi Hoa.
_FAMILY_FIRST: Final = re.compile(
    r"(?<![\w'^-])"
    + any_of("""
    Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Zhu Hu Guo Lin Gao Luo Zheng Liang Xie Song Tang Han
    Feng Deng Cao Peng Zeng Xiao Tian Dong Yuan Cai Jiang Yu Du Ye Cheng Wei Su Ding Ren Lu Yao Shen Zhong Cui
    Tan Fan Shi Liao Xiong Jin Jia Xia Fu Fang Zou Bai Meng Qin Qiu Hou Kong Dai Ouyang Sima Nguyen Nguyễn
    Tran Trần Le Lê Pham Phạm Huynh Huỳnh Hoang Hoàng Phan Vu Vũ Vo Võ Dang Đặng Bui Bùi Do Đỗ Ho Hồ Ngo Ngô
    Duong Dương Ly Kim Lee Park Choi Jung Jeong Kang Cho Yoon Jang Lim Oh Seo Shin Kwon Hwang Ahn Hong NGUYEN
    TRAN LE PHAM HUYNH HOANG PHAN VU VO DANG BUI DO HO NGO DUONG LY WANG ZHANG LIU CHEN KIM LEE PARK CHOI
    """)
    + r"[ ](?:(?:Thi|Thị|Van|Văn)[ ])?\Z"
)
_AFTER_ALONE: Final = re.compile(r"-\w|'(?!s\b)\w|[ ](?:et al|\d)|\^|_")


_NOBODY: Final = (0, 0)


def _surname_behind(text: str, start: int, end: int, word: str) -> Span | None:
    """The given name with the surname behind it; nobody where the two are a person of history."""
    behind = _BEHIND.match(text, end)
    if not behind:
        return None
    kept = leading(text, *behind.span("rest"), strong=not word.isupper())
    if not kept or (word.isupper() and not kept[0][2].isupper()):
        return None
    return _NOBODY if is_known_person(word, [part[2] for part in kept]) else (start, kept[-1][1])


def _surname_before(text: str, start: int, end: int, word: str, sure: bool) -> Span | None:
    """The given name with the surname in front of it: after a comma, or in capitals."""
    front, folded = text[max(0, start - 2) : start], folded_word(word)
    if front.endswith((", ", ",")):
        kept = trailing(text, start - (len(front) - len(front.rstrip(", "))), strong=sure)
        last = kept[-1][2] if kept else ""
        if (
            len(last) > 3 - 2 * last.istitle()
            and folded not in ALSO_WORDS
            and (sure or last.isupper())
            and last.isupper() >= word.isupper()
        ):
            kept = [part for part in kept if part[2].isupper() == last.isupper() or not part[2]]
            return kept[0][0], end
    elif (
        front.endswith(" ")
        and not word.isupper()
        and (found := _GIVEN_CAPS.search(text, max(0, start - 48), start))
    ):
        kept = [part for part in parts(text, *found.span()) if part[2]]
        if kept and len(kept[-1][2]) > 1 and not any(is_plain(part[2], strong=sure) for part in kept):
            return found.start(), end
    return None


# Jean-Paul is a name though each of the two is another word, too; Harris-Benedict is an equation.
_DOUBLED: Final = frozenset(words("jean marie pierre paul juan jose maria hans karl anna anne ann"))


def _is_sure(folded: str) -> bool:
    """Whether a given name is nothing else."""
    first, hyphen, second = folded.partition("-")
    if hyphen and first in ALSO_WORDS and second in ALSO_WORDS:
        return first in _DOUBLED
    return folded not in ALSO_WORDS


def _known(found: re.Match[str]) -> Span | None:
    """The name around a known given name; nothing where it is another word or an eponym."""
    text, word = found.string, found.group()
    folded = folded_word(word)
    if (
        not is_given(folded)
        or word.lower() in STOPS
        or not (word.isupper() or word.istitle() or word[1:].islower())
    ):
        return None
    if word.isupper() and folded in _ACRONYMS:
        return None
    start, end = found.span()
    front = text[max(0, start - 8) : start].lower()
    if EPONYM.match(text, end):
        return None
    sure = _is_sure(folded) and not word.isupper()
    if _REFERENCE.match(text, end) or (not sure and _BEFORE_ALONE.search(front)):
        return None
    where = _surname_behind(text, start, end, word) or _surname_before(text, start, end, word, sure)
    if where == _NOBODY:
        return None
    if where:
        family = _FAMILY_FIRST.search(text, max(0, start - 16), where[0])
        return (
            (family.start() if family else where[0], where[1]) if not EPONYM.match(text, where[1]) else None
        )
    if family := _FAMILY_FIRST.search(text, max(0, start - 16), start):
        return family.start(), end
    if not sure or _AFTER_ALONE.match(text, end) or _BEFORE_ALONE.search(front):
        return None
    return start, end


def _is_low_name(found: re.Match[str]) -> bool:
    """Whether two words in lower case are a known given name and no word of reports."""
    given, name = found["given"], found["name"]
    if (
        not (given.islower() and name.islower())
        or given in STOPS
        or is_plain(name, strong=True)
        or is_low_word(name)
    ):
        return False
    return is_given(folded_word(given)) and (
        found["label"].startswith(("operator", "user", "login")) or folded_word(given) not in ALSO_WORDS
    )


_LOW: Final = rf"{LETTER}{{2,20}}(?:[-']{LETTER}{{2,20}})?"
KNOWN_NAMES: Final = (
    Rule("name", re.compile(rf"(?<![\w'-]){WORD}"), digits=0, cut=_known),
    Rule(
        "name",
        re.compile(
            rf"(?<!\w)(?P<label>operator|user|username|login|name|patient|pt|technologist|tech|physician"
            rf"|surgeon|by|for|of)[:=]?[ ](?P<hit>(?P<given>{_LOW})[ ](?:(?:de|del|la|van|von|der|den|di"
            rf"|da|al|el|le|bin|ben|abu|du|zu)[ ]){{0,3}}(?P<name>{_LOW}))"
        ),
        signs=(
            "operator",
            "user",
            "login",
            "name",
            "patient",
            "pt",
            "tech",
            "physician",
            "surgeon",
            "by ",
            "for ",
            "of ",
        ),
        digits=0,
        low=False,
        check=_is_low_name,
    ),
)
