"""The option letter in a solver's reply, or none: never a guess, never the article "a".

The order of precedence is fixed: the `<answer>` block (final even when it holds no letter), `\\boxed{}`,
"answer is", then the last option letter that is bracketed, punctuated or ends a line.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from consilium.answers.think_blocks import drop_thinking

PARSER_VERSION: Final = "options-1"

_ANSWER_BLOCK: Final = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.IGNORECASE | re.DOTALL)
_BOXED: Final = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_LATEX_TEXT: Final = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")
_ANSWER_IS: Final = re.compile(r"\banswer(?:\*\*)?\s*(?:is|:)", re.IGNORECASE)
_LEAD: Final = re.compile(
    r"[\s:*_\"'`]*(?:(?:the\s+)?(?:correct\s+|final\s+|best\s+)?(?:answer|option|choice)(?:\s+is|\s*:)?)?[\s:*_\"'`]*",
    re.IGNORECASE,
)
# After a stated letter: nothing, punctuation, or the word that opens a justification.
_BARE: Final = re.compile(r"([A-Za-z])(?=[*_\"'`]*(?:\s*$|[.,:;!)\]]|\s+[-\u2013\u2014]\s|\s*\())")
_REASONED: Final = re.compile(r"([A-Z])(?=\s+(?:because|since|as|due|given|based)\b)")
_BRACKETED: Final = re.compile(r"[(\[]\s*([A-Za-z])\s*[)\]]")
_ALTERNATIVE: Final = re.compile(
    r"[*_\"'`)\].]*\s*(?:,|/|\||&|\bor\b|\band\b|\bvs\b)+\s*[(\[*_\"'`]*([A-Za-z])(?![A-Za-z])"
)
# One letter of a name, not an option: "E. coli", "hepatitis B.", "Figure A".
_SPECIES: Final = re.compile(
    r"\.\s*(?:coli|difficile|albicans|aureus|fumigatus|faecalis|faecium|baumannii|cereus|pertussis|fragilis"
    r"|burgdorferi|diphtheriae|botulinum|perfringens|tetani|trachomatis|cloacae|aerogenes|anthracis)\b"
)
_NAMED: Final = re.compile(
    r"\b(?:hepatitis|vitamin|type|grade|stage|group|class|influenza|factor|figure|fig\.?|image|panel|view|zone|lead"
    r"|protein|haemophilia|hemophilia|line|not)\s+[(\[]?$",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"(?<![\w'\u2019/+-])([A-Za-z])(?![\w'\u2019/+-])")
_LIST_LINE: Final = re.compile(r"^[\s*_>-]*[(\[]?([A-Z])[.):\]]", re.MULTILINE)


@dataclass(frozen=True)
class Extraction:
    """The letter, upper case, or None; `rule` names the rule that decided and is stored with it."""

    letter: str | None
    rule: str


def extract(text: str, letters: str) -> Extraction:
    """Find the option letter in `text`.

    Args:
        text: the whole reply; closed think blocks are not read.
        letters: the option letters of the question, for example "ABCDE".

    Raises:
        ValueError: `letters` is empty, or not distinct upper-case letters A to Z.
    """
    if not re.fullmatch(r"[A-Z]+", letters) or len(set(letters)) != len(letters):
        raise ValueError("Option letters must be distinct upper-case letters, for example ABCDE.")
    visible = drop_thinking(text)
    blocks = _ANSWER_BLOCK.findall(visible.text) or _ANSWER_BLOCK.findall(visible.open_thinking)
    if blocks:
        return _outcome(_stated(blocks[-1], letters), "answer block")
    if visible.unclosed:
        return Extraction(None, "think block never closed")
    return _without_block(visible.text, letters)


def _without_block(text: str, letters: str) -> Extraction:
    for boxed in reversed(_BOXED.findall(text)):
        letter = _stated(_LATEX_TEXT.sub(r"\1", boxed), letters)
        if letter:
            return Extraction(letter, "boxed")
    plain = _BOXED.sub(" ", text)
    for match in reversed(list(_ANSWER_IS.finditer(plain))):
        letter = _stated(plain[match.end() :].split("\n", 1)[0], letters, whole=False)
        if letter:
            return Extraction(letter, "answer is")
    candidates = list(_marked_letters(plain, letters))
    return Extraction(candidates[-1], "last marked letter") if candidates else Extraction(None, "no letter")


def _outcome(letter: str | None, rule: str) -> Extraction:
    return Extraction(letter, rule if letter else f"{rule} without one option letter")


def _stated(text: str, letters: str, *, whole: bool = True) -> str | None:
    """The letter that `text` starts by stating, when it states one and no alternative to it.

    `whole` says that nothing else surrounds the text, so that a lone lower-case letter counts; within a
    sentence a lower-case letter needs brackets.
    """
    body = text.strip()
    start = _LEAD.match(body)
    position = start.end() if start else 0
    match = _BRACKETED.match(body, position) or _BARE.match(body, position) or _REASONED.match(body, position)
    if match is None:
        return None
    letter, rest = match[1], body[match.end() :]
    bracketed = match.group() != letter
    if letter.islower() and not bracketed and not (whole and not rest.strip(" .*_\"'`)")):
        return None
    if letter.upper() not in letters or _SPECIES.match(rest) or _other_letter(rest, letter, letters):
        return None
    return letter.upper()


def _other_letter(rest: str, letter: str, letters: str) -> bool:
    alternative = _ALTERNATIVE.match(rest)
    return bool(alternative and alternative[1] in letters and alternative[1] != letter)


def _marked_letters(text: str, letters: str) -> Iterator[str]:
    """Every option letter that is bracketed, punctuated or ends a line, in order."""
    lone = text.strip().strip("*_.\"'`")
    if len(lone) == 1:
        if lone.upper() in letters:
            yield lone.upper()
        return
    masked = _mask_alternatives(_mask_listing(text), letters)
    for match in _TOKEN.finditer(masked):
        letter, before, after = match[1], masked[: match.start()], masked[match.end() :]
        if letter.upper() not in letters or _NAMED.search(before[-24:]) or _SPECIES.match(after):
            continue
        if _in_brackets(before, after) or (letter.isupper() and _punctuated(after)):
            yield letter.upper()


def _in_brackets(before: str, after: str) -> bool:
    pairs = (("(", ")"), ("[", "]"), ('"', '"'), ("**", "**"), ("`", "`"))
    return any(before.endswith(left) and after.startswith(right) for left, right in pairs)


def _punctuated(after: str) -> bool:
    return re.match(r"[*_]*(?:[.,:;!?)\]]|[ \t]*(?:\n|$))", after) is not None


def _mask_listing(text: str) -> str:
    """Blank the letters of a restated list of options, A then B on lines of their own: no choice."""
    found = list(_LIST_LINE.finditer(text))
    listed: set[int] = set()
    for one, other in itertools.pairwise(found):
        if ord(other[1]) == ord(one[1]) + 1:
            listed |= {one.start(1), other.start(1)}
    return "".join("\u00b7" if index in listed else char for index, char in enumerate(text))


def _mask_alternatives(text: str, letters: str) -> str:
    """Blank letters that stand in a list of alternatives, such as "A or B" and "(A), (C) and (D)"."""
    option = rf"[(\[]?(?<![\w'\u2019-])[{letters}](?![\w'\u2019-])[)\]]?"
    run = re.compile(rf"{option}(?:\s*(?:,\s*(?:and|or)\b|,|/|&|\band\b|\bor\b|\bvs\b\.?)\s*{option})+")
    return run.sub(lambda match: "\u00b7" * len(match.group()), text)
