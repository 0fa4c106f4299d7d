"""The option letter in a solver's reply, or none: never a guess, never the article "a".

One reader for solvers, the difficulty filter, trace checks and the reward of training. The order of
precedence is fixed: the `<answer>` block (final even when it holds no letter), `\\boxed{}`, a phrase that
states a choice ("the answer is", "I choose", "B is correct", in several languages), the reply's opening, a
letter alone on the final line. A letter that is ruled out, enumerated or part of a name is never taken.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from consilium.answers.think_blocks import drop_thinking

PARSER_VERSION: Final = "options-2"

_ANSWER_BLOCK: Final = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.IGNORECASE | re.DOTALL)
_BOXED: Final = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_LATEX_TEXT: Final = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")
_REACH: Final = 300  # characters after a phrase in which its letter stands

_ADVERB: Final = (
    r"(?:\s*(?:definitely|clearly|certainly|most\s+likely|likely|probably|therefore|thus|hence|indeed"
    r"|actually|still|simply|then))*"
)
_IS: Final = (
    r"(?:(?:is|was|would\s+be|should\s+be|must\s+be|will\s+be|seems\s+to\s+be|appears\s+to\s+be)\b|:|=)"
)
_QUOTES: Final = r"[\"'*_`]*"
# Each ends where the chosen letter may begin.
_PHRASES: Final = re.compile(
    "|".join(
        (
            rf"\b(?:answer|response)(?:\s+(?:choice|option|letter))?{_QUOTES}\s*{_IS}{_ADVERB}",
            r"\bans\s*[.:=]",
            r"\b(?:final|correct|best)\s+answer[ \t*_#]*\n",
            rf"\b(?:correct|right|best|final|my|chosen|selected)\s+(?:final\s+)?"
            rf"(?:option|choice|letter|selection|pick){_QUOTES}\s*{_IS}{_ADVERB}",
            r"[\"'](?:final_?answer|answer|choice|letter|option|selected)[\"']\s*:",
            r"\b(?:I|we)(?:['\u2019](?:d|ll)|\s+(?:would|will|shall))?\s+(?:therefore\s+|thus\s+)?"
            r"(?:choose|chose|pick|select|answer|go\s+(?:with|for)|opt\s+for|settle\s+on)\b",
            r"\b(?:all|none|both|neither)\s+of\s+(?:the\s+above|these|them)\b[\s,:-]*(?=\()",
            r"\brespuesta(?:\s+(?:correcta|final))?\s*(?:es\b|ser\u00eda\b|:)",
            r"\br[e\u00e9]ponse(?:\s+(?:correcte|finale))?\s*(?:est\b|serait\b|:)",
            r"\b(?:antwort|l\u00f6sung)\s*(?:ist\b|lautet\b|w\u00e4re\b|:)",
            r"\bresposta(?:\s+(?:correta|certa|final))?\s*(?:\u00e9(?!\w)|:)",
            r"\brisposta(?:\s+(?:corretta|giusta|finale))?\s*(?:\u00e8(?!\w)|:)",
            r"(?<!\w)\u043e\u0442\u0432\u0435\u0442\s*[:\u2014-]",
            r"\b(?:elijo|escojo|je\s+choisis|ich\s+w\u00e4hle|escolho|scelgo)\b",
            r"(?:\u7b54\u6848|\u7b54\u3048|\u6b63\u89e3)\s*(?:\u5e94\u8be5|\u61c9\u8a72)?\s*(?:\u662f|\u4e3a|\u70ba|\u306f|:)",
            r"(?:\u6211\u9009|\u6211\u9078|\u9009\u62e9|\u9078\u64c7)(?:\u62e9|\u64c7)?\s*:?",
        )
    ),
    re.IGNORECASE,
)
# A conclusion counts as a choice only when a capital letter is all that it says.
_CONCLUSION: Final = re.compile(
    r"\b(?:therefore|thus|hence|so|consequently)[,:]?\s+(?:it\s+is\s+|it['\u2019]s\s+)?(?:option\s+)?",
    re.IGNORECASE,
)
_BACKWARD: Final = re.compile(
    r"(?<![\w'\u2019/+-])[(\[*\"]{0,3}([A-Z])[)\]*\"]{0,3}\s+(?:(?:is|ist|es|est)\s+"
    r"(?:(?:definitely|clearly|certainly|indeed|therefore|thus|the|la|die|most)\s+){0,3}"
    r"(?:correct|right|best|likely\s+(?:answer|option|choice)|richtig|correcta|correcte)\b|fits\b)",
)
_DOUBTED: Final = re.compile(
    r"(?:n['\u2019]t\s+(?:think|believe|say)|\bnot\s+(?:think|believe|sure)|\bdoubt|\bif|\bwhether|\bunless|\bhad)"
    r"(?:\s+(?:that|the|correct|option|choice|my))*\s*$",
    re.IGNORECASE,
)
_NOT_BUT: Final = re.compile(
    r"\s*(?:definitely\s+)?not\s+[(*]*[A-Z][)*]*[\s,;:.-]+(?:(?:but|rather|instead|it\s+is|it['\u2019]s)[\s,]+){1,3}",
    re.IGNORECASE,
)
_LEAD: Final = re.compile(
    r"[\s:#*_\"'`]*(?:(?:the|la|le|el|l['\u2019]|die|der|a)\s+)?"
    r"(?:(?:correct\s+|final\s+|best\s+|right\s+)?(?:answer|option|choice|letter|opci\u00f3n|letra|lettre|buchstabe)"
    r"(?:\s+is|\s*:)?)?[\s:*_\"'`]*",
    re.IGNORECASE,
)
# After a stated letter: nothing, punctuation, or the word that opens a justification.
_BARE: Final = re.compile(
    r"([A-Za-z])(?=[*_\"'`]*(?:\s*$|[ \t]*\n|[.,:;!)\]}\u3002\u3001]|\s+[-\u2013\u2014]\s|\s*\())"
)
_REASONED: Final = re.compile(r"([A-Z])(?=[*_\"'`]*\s+(?:because|since|as|due|given|based|for|with)\b)")
_BRACKETED: Final = re.compile(r"[(\[]\s*([A-Za-z])\s*[)\]]")
_ALTERNATIVE: Final = re.compile(
    r"[*_\"'`)\].]*\s*(?:,|/|\||&|\b(?:or|and|vs|to|through|bis|oder|und|ou|et|o|y)\b|[-\u2013\u2014](?=[(\[A-Z]))+"
    r"\s*[(\[*_\"'`]*([A-Za-z])(?![A-Za-z'\u2019])"
)
_RULED_OUT: Final = re.compile(
    r"[*_\"'`)\]:]*\s*(?:(?:is|are|was|seems|looks|can|would|does|option)\s+)*"
    r"(?:not\b|\w*n['\u2019]t\b|cannot\b|wrong|incorrect|unlikely|improbable|implausible|inconsistent|excluded"
    r"|ruled\s+out|false\b|less\b|a\s+(?:common\s+)?distractor|be\s+(?:excluded|ruled))",
    re.IGNORECASE,
)
# One letter of a name, not an option: "E. coli".
_SPECIES: Final = re.compile(
    r"\.\s*(?:coli|difficile|albicans|aureus|fumigatus|faecalis|faecium|baumannii|cereus|pertussis|fragilis"
    r"|burgdorferi|diphtheriae|botulinum|perfringens|tetani|trachomatis|cloacae|aerogenes|anthracis)\b"
)
_LIST_ENTRY: Final = re.compile(r"(?:^|(?<=[\s:,;]))[(\[]?([A-Z])[.):\]]\s")
_FINAL_LINE: Final = re.compile(
    r"[\s(\[*_\"'`#>-]*(?:(?:option|choice|answer)\s*:?\s*[*_(]*)?([A-Za-z])[\s)\]*_\"'`.!]*", re.IGNORECASE
)


@dataclass(frozen=True)
class Extraction:
    """The letter, upper case, or None; `rule` names the rule that decided and is stored with it."""

    letter: str | None
    rule: str


def extract(text: str, letters: str) -> Extraction:
    """Find the option letter in `text`.

    Args:
        text: the whole reply; closed think blocks are not read. Full-width signs count as ASCII.
        letters: the option letters of the question, for example "ABCDE".

    Raises:
        ValueError: `letters` is empty, or not distinct upper-case letters A to Z.
    """
    if not re.fullmatch(r"[A-Z]+", letters) or len(set(letters)) != len(letters):
        raise ValueError("Option letters must be distinct upper-case letters, for example ABCDE.")
    visible = drop_thinking(unicodedata.normalize("NFKC", text))
    blocks = _ANSWER_BLOCK.findall(visible.text) or _ANSWER_BLOCK.findall(visible.open_thinking)
    if blocks:
        return _in_block(blocks[-1], letters)
    if visible.unclosed:
        return Extraction(None, "think block never closed")
    return _without_block(visible.text.strip(), letters)


def _in_block(block: str, letters: str) -> Extraction:
    boxed = _BOXED.findall(block)
    letter = _stated(_LATEX_TEXT.sub(r"\1", boxed[-1]) if boxed else block, letters)
    return Extraction(letter, "answer block" if letter else "answer block without one option letter")


def _without_block(text: str, letters: str) -> Extraction:
    for boxed in reversed(_BOXED.findall(text)):
        letter = _stated(_LATEX_TEXT.sub(r"\1", boxed), letters)
        if letter:
            return Extraction(letter, "boxed")
    plain = _BOXED.sub(" ", text)
    chosen = [letter for _, letter in sorted(_choices(plain, letters), key=lambda found: found[0])]
    if chosen:
        return Extraction(chosen[-1], "choice phrase" if chosen[-1] else "choice phrase with two letters")
    opening, closing = _opening(plain, letters), _closing(plain, letters)
    if opening and closing and opening != closing:
        return Extraction(None, "opening and final line differ")
    if opening:
        return Extraction(opening, "opening")
    return Extraction(closing, "final line" if closing else "no letter")


def _choices(text: str, letters: str) -> Iterator[tuple[int, str | None]]:
    """Place and letter of every phrase that states a choice; None where it states two."""
    for match in _PHRASES.finditer(text):
        if not _DOUBTED.search(text[max(0, match.start() - 40) : match.start()]):
            rest = text[match.end() : match.end() + _REACH]
            denied = _NOT_BUT.match(rest)
            yield from _choice(match.end(), rest[denied.end() :] if denied else rest, letters)
    for match in _CONCLUSION.finditer(text):
        found = _BARE.match(text, match.end())
        if (
            found
            and found[1] in letters
            and not _follows(text[found.end() : found.end() + 60], found[1], letters)
        ):
            yield match.end(), found[1]
    for match in _BACKWARD.finditer(text):
        before = text[max(0, match.start() - 40) : match.start()]
        if match[1] in letters and not _DOUBTED.search(before):
            listed = re.search(
                r"(?:[A-Z][)\]*]*\s*(?:,|/|&|\b(?:and|or|nor)\b)|\bneither|\beither)\s*$", before
            )
            yield match.start(), None if listed else match[1]


def _choice(place: int, rest: str, letters: str) -> Iterator[tuple[int, str | None]]:
    match = _letter_at(rest, whole=False)
    if match is not None:
        letter, after = match[1].upper(), rest[match.end() :]
        if letter in letters and not _SPECIES.match(after) and not _RULED_OUT.match(after):
            yield place, None if _other_letter(after, letter, letters) else letter
        return
    # "The answer is pneumonia, that is (B)": one bracketed letter in the rest of the sentence.
    sentence = re.split(r"[.!?\n](?:\s|$)", rest, maxsplit=1)[0]
    named = list(_BRACKETED.finditer(sentence))
    if (
        len(named) == 1
        and named[0][1].upper() in letters
        and re.search(r"\b(?:that\s+is|i\.e\.|option|choice)\W*$", sentence[: named[0].start()])
    ):
        yield place, named[0][1].upper()


def _stated(text: str, letters: str) -> str | None:
    """The letter that `text`, which holds an answer and nothing else, states; none when it states two."""
    body = text.strip()
    match = _letter_at(body, whole=True)
    if match is None:
        return None
    letter, rest = match[1].upper(), body[match.end() :]
    return letter if letter in letters and not _follows(rest, letter, letters) else None


def _letter_at(text: str, *, whole: bool) -> re.Match[str] | None:
    """The letter with which `text` begins, after the words that may lead to it.

    A lower-case letter counts in brackets, or where nothing or only punctuation follows; but the article "a"
    only when it is the whole text.
    """
    start = _LEAD.match(text)
    for position in dict.fromkeys((start.end() if start else 0, len(text) - len(text.lstrip()))):
        match = (
            _BRACKETED.match(text, position) or _BARE.match(text, position) or _REASONED.match(text, position)
        )
        if match is None:
            continue
        is_bracketed = match.end() - match.start() > 1
        rest = text[match.end() :].strip(" .*_\"'`)")
        if is_bracketed or match[1].isupper() or (whole and not rest) or (not whole and match[1] != "a"):
            return match
    return None


def _opening(text: str, letters: str) -> str | None:
    """The letter with which the reply begins, unless that begins a list of the options."""
    first_line = text.split("\n", 1)[0]
    match = _letter_at(first_line, whole=text == first_line)
    if match is None:
        return None
    letter, rest = match[1].upper(), first_line[match.end() :]
    is_bare = match.end() - match.start() == 1
    if is_bare and match[1].islower() and rest.strip(" .*_\"'`)"):
        return None
    entries = [entry[1] for entry in _LIST_ENTRY.finditer(text)]
    is_listed = len(entries) > 1 and entries[0] == letter and ord(entries[1]) == ord(letter) + 1
    return None if letter not in letters or is_listed or _follows(rest, letter, letters) else letter


def _closing(text: str, letters: str) -> str | None:
    """The letter that stands alone on the final line."""
    line = text.rsplit("\n", 1)[-1]
    match = _FINAL_LINE.fullmatch(line[:100]) if len(line) <= 100 else None
    if match is None or match[1].upper() not in letters or (match[1] == "a" and line != text):
        return None
    return match[1].upper()


def _follows(rest: str, letter: str, letters: str) -> bool:
    """Whether what follows a letter makes it no choice: a name, a ruling out, a second letter."""
    return bool(_SPECIES.match(rest) or _RULED_OUT.match(rest) or _other_letter(rest, letter, letters))


def _other_letter(rest: str, letter: str, letters: str) -> bool:
    other = _ALTERNATIVE.match(rest)
    if other is None or other[1].upper() not in letters or other[1].upper() == letter or other[1] == "a":
        return False
    return not _RULED_OUT.match(rest[other.end() :])
