"""Text made harmless inside a prompt: no block marker and no chat control token survives."""

import re
from typing import Final

_MARKER: Final = re.compile(r"\[(\s*the\s+(?:start|end)\s+of\b[^\]\n]{0,60})\]", re.IGNORECASE)
_BARE_MARKER: Final = re.compile(r"\[(?=\s*the\s+(?:start|end)\s+of\b)", re.IGNORECASE)
_CONTROL: Final = re.compile(
    r"<(\|[^<>|\n]{1,40}\||/?(?:image|video|s|bos|eos|pad|image_soft_token|(?:start|end)_of_(?:turn|image)))>",
    re.IGNORECASE,
)


def escape(text: str) -> str:
    """Write block markers and model control tokens with round brackets; other text is unchanged.

    An answer that closed its own block, or that held an image token, could otherwise speak as the judge's
    instructions or break the count of images. Escaping twice changes nothing more.
    """
    without_markers = _BARE_MARKER.sub("(", _MARKER.sub(r"(\1)", text))
    return _CONTROL.sub(r"(\1)", without_markers)
