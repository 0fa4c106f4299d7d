"""Why a whole reply states nothing: cut at its limit, refused, or in another form than was asked for.

A call that got no answer is none of them: it left no reply, counts in no figure, and is asked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from consilium.inference.chat_completion import REFUSAL

CUT_REASON: Final = "cut at the length limit"
REFUSED_REASON: Final = "refused to judge"
NO_LETTER: Final = "no letter stated"
# The parser's words for a reply in which it found nothing to read, beside NO_LETTER.
_NOTHING_READ: Final = ("no verdict stated", "thinking never ended")
# What servers and providers write as the reason why a reply ended.
FILTERED: Final = ("content_filter", REFUSAL)


@dataclass(frozen=True, slots=True)
class FailedReplies:
    """How many replies state nothing in any dimension, by kind."""

    cut: int = 0
    refused: int = 0
    wrong_format: int = 0


def failed_replies(read_as: Mapping[str, int]) -> FailedReplies:
    """From how the replies were read: a verdict's reason to how many have it."""
    return FailedReplies(
        cut=read_as.get(CUT_REASON, 0),
        refused=read_as.get(REFUSED_REASON, 0),
        wrong_format=sum(
            count
            for reason, count in read_as.items()
            if reason in _NOTHING_READ or reason.startswith(NO_LETTER)
        ),
    )
