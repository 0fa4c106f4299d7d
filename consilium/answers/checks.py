"""Automatic checks of a trace; each gives an outcome that is stored, whether it passed or not."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from consilium.answers import option_letters, think_answer

MINIMUM_TOKENS: Final = 80
MAXIMUM_TOKENS: Final = 600
SHINGLE_WORDS: Final = 5
DUPLICATE_SIMILARITY: Final = 0.8

_KIND: Final = (
    r"(?:given|known|provided|supplied|reference|gold|golden"
    r"|ground[- ]truth|expected|official|annotated|labell?ed)"
)
_REFERS: Final = re.compile(
    rf"\b{_KIND}\s+(?:correct\s+|final\s+)?(?:answer|solution)s?\b(?!\s+(?:options?|choices?))"
    r"|\banswer\s+(?:key\b|(?:is|was|has\s+been)\s+(?:already\s+)?(?:given|known|provided|supplied|stated)\b)"
    r"|\b(?:given|knowing|since\s+we\s+know|we\s+know|told)\s+that\s+the\s+(?:correct\s+)?answer\s+(?:is|was)\b"
    r"|\b(?:told|given|shown)\s+(?:that\s+)?the\s+(?:correct\s+)?answer\b(?!\s+(?:options?|choices?))"
    r"|\bas\s+(?:the\s+)?(?:correct\s+)?answer\s+(?:states|indicates|says)\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[^.!?\n]+[.!?]?")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class CheckOutcome:
    """One check: its name, whether it passed and what was found, fit to be shown."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class TraceLimits:
    """Settings of the checks: token counts are inclusive, similarity is of word shingles (0 to 1)."""

    minimum_tokens: int = MINIMUM_TOKENS
    maximum_tokens: int = MAXIMUM_TOKENS
    shingle_words: int = SHINGLE_WORDS
    duplicate_similarity: float = DUPLICATE_SIMILARITY


def run_checks(
    text: str,
    *,
    letters: str,
    gold: str | None,
    count_tokens: Callable[[str], int],
    others: Sequence[str] = (),
    limits: TraceLimits | None = None,
) -> list[CheckOutcome]:
    """All five checks in a fixed order.

    Args:
        text: the whole trace, thinking rejoined.
        letters: option letters of the question, empty for an open question.
        gold: the gold letter, None when there is none.
        count_tokens: the base model's token count of a text.
        others: other traces of the same question.
        limits: settings; the defaults when None.
    """
    chosen = limits or TraceLimits()
    return [
        check_format(text),
        check_letter(text, letters=letters, gold=gold),
        check_length(text, count_tokens=count_tokens, limits=chosen),
        check_given_answer(text),
        check_duplicate(text, others=others, limits=chosen),
    ]


def check_format(text: str) -> CheckOutcome:
    """The think/answer format."""
    outcome = think_answer.parse_think_answer(text).outcome
    return CheckOutcome("format", outcome is think_answer.FormatOutcome.OK, outcome.value)


def check_letter(text: str, *, letters: str, gold: str | None) -> CheckOutcome:
    """The final letter equals the gold letter; passes where there is no gold letter to compare."""
    name = "letter_equals_gold"
    if not letters or gold is None:
        return CheckOutcome(name, True, "no gold letter to compare with")
    found = option_letters.extract(text, letters)
    if found.letter is None:
        return CheckOutcome(name, False, found.rule)
    return CheckOutcome(name, found.letter == gold, f"answered {found.letter}, gold {gold}")


def check_length(text: str, *, count_tokens: Callable[[str], int], limits: TraceLimits) -> CheckOutcome:
    """The token count of the whole trace lies within the limits."""
    count = count_tokens(text)
    passed = limits.minimum_tokens <= count <= limits.maximum_tokens
    detail = f"{count} tokens, allowed {limits.minimum_tokens} to {limits.maximum_tokens}"
    return CheckOutcome("token_count", passed, detail)


def check_given_answer(text: str) -> CheckOutcome:
    """No sentence refers to an answer that the writer was given."""
    for sentence in _SENTENCE.finditer(text):
        if _REFERS.search(sentence.group()):
            return CheckOutcome("no_given_answer", False, f"refers to it: {sentence.group().strip()[:200]}")
    return CheckOutcome("no_given_answer", True, "no such sentence")


def check_duplicate(text: str, *, others: Iterable[str], limits: TraceLimits) -> CheckOutcome:
    """No other trace shares most of its word shingles (Jaccard similarity)."""
    own = shingles(text, limits.shingle_words)
    highest = max((jaccard(own, shingles(other, limits.shingle_words)) for other in others), default=0.0)
    passed = highest < limits.duplicate_similarity
    detail = f"highest similarity {highest:.2f}, limit {limits.duplicate_similarity:.2f}"
    return CheckOutcome("no_near_duplicate", passed, detail)


def shingles(text: str, words: int) -> frozenset[tuple[str, ...]]:
    """Every run of `words` words, case folded; a shorter text is one shingle, an empty one none."""
    tokens = [token.casefold() for token in _WORD.findall(text)]
    if not tokens:
        return frozenset()
    last = max(len(tokens) - words, 0)
    return frozenset(tuple(tokens[start : start + words]) for start in range(last + 1))


def jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Shared over all shingles, 0 to 1; 0 when both are empty."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0
