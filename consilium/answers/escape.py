"""Text made harmless inside a prompt: no block marker and no chat control token survives."""

import re
from collections.abc import Collection
from typing import Final

_MARKER: Final = re.compile(r"\[(\s*the\s+(?:start|end)\s+of\b[^\]\n]{0,60})\]", re.IGNORECASE)
_BARE_MARKER: Final = re.compile(r"\[(?=\s*the\s+(?:start|end)\s+of\b)", re.IGNORECASE)
_CONTROL: Final = re.compile(
    r"<(\|[^<>|\n]{1,40}\||/?(?:image|video|s|bos|eos|pad|image_soft_token|(?:start|end)_of_(?:turn|image)))>",
    re.IGNORECASE,
)
_BRACKETED: Final = re.compile(r"<.+>|\[.+\]|\{.+\}", re.DOTALL)


def escape(text: str) -> str:
    """Write block markers and model control tokens with round brackets; other text is unchanged.

    An answer that closed its own block, or that held an image token, could otherwise speak as the judge's
    instructions or break the count of images. Escaping twice changes nothing more.
    """
    if "[" in text:
        text = _BARE_MARKER.sub("(", _MARKER.sub(r"(\1)", text))
    return _CONTROL.sub(r"(\1)", text) if "<" in text else text


def escape_tokens(text: str, tokens: Collection[str]) -> str:
    """Write the given control tokens with round brackets, as `escape` does; one without brackets stays."""
    longest_first = sorted((token for token in tokens if _BRACKETED.fullmatch(token)), key=len, reverse=True)
    if not longest_first:
        return text
    return re.sub("|".join(map(re.escape, longest_first)), lambda found: f"({found[0][1:-1]})", text)
