"""How probable a server held the letters A and B where its reply has one of them (pure)."""

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

# Enough for six verdicts in two forms; an answer in prose may hold many an article.
MOST = 64
# Alternatives asked for at each token: the two letters are nearly always the likeliest two.
ALTERNATIVES: Final = 5
_LETTERS: Final = ("A", "B")
_AROUND: Final = " \t\r\n\"'`*_.,:;()[]{}|\u0120\u2581\u010a"
# Where in the reply's text the letter stands, and the natural logarithm of each letter's probability there.
LetterLogprobs: TypeAlias = dict[str, float]


def letter_logprobs(given: Any, text: str) -> list[LetterLogprobs] | None:
    """The letters in `text`, from the `logprobs` of a chat completion; None where the server gave none.

    Each is {"at": character, "A": logprob, "B": logprob}; a letter that is not among the alternatives that
    the server told is not in it. Empty also where tokens and text do not fit together.
    """
    tokens = given.get("content") if isinstance(given, dict) else None
    if not isinstance(tokens, list) or not tokens:
        return None
    try:
        return list(islice(_letters(tokens, text.encode()), MOST))
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def _letters(tokens: list[dict[str, Any]], text: bytes) -> Iterator[LetterLogprobs]:
    pieces = [_bytes(token) for token in tokens]
    # Thinking that the server parted from the reply has tokens before it.
    start = b"".join(pieces).rfind(text)
    if start < 0:
        return
    place = -start
    for token, piece in zip(tokens, pieces, strict=True):
        letter = piece.decode(errors="replace").strip(_AROUND)
        if letter in _LETTERS:
            at = place + piece.index(letter.encode())
            if 0 <= at < len(text):
                yield {"at": len(text[:at].decode(errors="replace")), **_both(token)}
        place += len(piece)


def _both(token: Mapping[str, Any]) -> dict[str, float]:
    """The summed probability of every alternative that is a letter with signs around it, as a logarithm."""
    shares = dict.fromkeys(_LETTERS, 0.0)
    told = {_bytes(one): float(one["logprob"]) for one in (*(token.get("top_logprobs") or ()), token)}
    for piece, logprob in told.items():
        letter = piece.decode(errors="replace").strip(_AROUND)
        if letter in shares:
            shares[letter] += math.exp(min(logprob, 0.0))
    return {letter: round(math.log(share), 4) for letter, share in shares.items() if share > 0}


def _bytes(token: Mapping[str, Any]) -> bytes:
    """What the token writes: its bytes where the server tells them, for a token may be half a character."""
    told = token.get("bytes")
    return bytes(told) if told else str(token["token"]).encode()
