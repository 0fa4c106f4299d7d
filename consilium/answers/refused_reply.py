"""Whether a reply declines to do what was asked: a model that will not judge is not one that cannot write."""

import re
from typing import Final

from consilium.answers.think_blocks import drop_thinking

# What a reply that declines says at its beginning, in the languages in which clinics ask.
_DECLINES: Final = re.compile(
    r"\b(?:i|we)(?:['\u2019]m|\s+am|['\u2019]re|\s+are)\s+(?:sorry|unable|not\s+able|not\s+comfortable)\b"
    r"|\b(?:i|we)\s+(?:can(?:no|['\u2019])t|can\s+not|won['\u2019]t|will\s+not|must\s+decline|have\s+to\s+decline)"
    r"(?:\s+\w+){0,2}?\s+(?:assist|help|comply|provide|offer|give|compare|judge|evaluate|rate|assess|choose"
    r"|decide|determine|answer|view|see|analy[sz]e|interpret|fulfil|do\s+(?:that|this))\b"
    r"|\b(?:i|we)\s+(?:must|have\s+to|need\s+to|respectfully)\s+(?:decline|refuse)\b"
    r"|\bas\s+an?\s+ai\b.{0,80}\b(?:can(?:no|['\u2019])t|unable|not\s+able|not\s+qualified)\b"
    r"|\bich\s+kann\b.{0,40}\bnicht\b|\btut\s+mir\s+leid\b"
    r"|\bje\s+(?:ne\s+peux\s+pas|suis\s+d\u00e9sol\u00e9)|\blo\s+siento\b|\bno\s+puedo\b|\bmi\s+dispiace\b|\bnon\s+posso\b"
    r"|\bn\u00e3o\s+posso\b|\u65e0\u6cd5|\u62b1\u6b49|\u4e0d\u80fd(?:\u63d0\u4f9b|\u534f\u52a9|\u56de\u7b54)",
    re.IGNORECASE | re.DOTALL,
)
_BEGINNING: Final = 300


def declines(text: str) -> bool:
    """Whether the reply, its thinking left out, begins by declining; asked where no verdict was found."""
    return _DECLINES.search(drop_thinking(text).text.strip()[:_BEGINNING]) is not None
