"""OpenAI-style chat messages with images as data URIs."""

from collections.abc import Sequence
from typing import Any

Message = dict[str, Any]


def user_message(*, before: str = "", image_data_uris: Sequence[bytes] = (), after: str = "") -> Message:
    """One user message: text, images, text, in this order; empty texts are left out.

    Raises:
        ValueError: an image is not a `data:image/...` URI: an endpoint never fetches an address.
    """
    if any(not uri.startswith(b"data:image/") for uri in image_data_uris):
        raise ValueError("Images travel as data:image/... URIs only.")
    parts: list[dict[str, Any]] = []
    if before:
        parts.append({"type": "text", "text": before})
    parts += [{"type": "image_url", "image_url": {"url": uri}} for uri in image_data_uris]
    if after:
        parts.append({"type": "text", "text": after})
    return {"role": "user", "content": parts}
