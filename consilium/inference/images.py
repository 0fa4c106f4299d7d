"""Images inside chat messages: always bytes in the message, never an address that a server would fetch."""

import base64

DATA_PREFIX = "data:image/"


def data_uri(png: bytes, media_type: str = "image/png") -> str:
    """The bytes of one image as a data URI for an `image_url` part.

    Raises ValueError when `media_type` is not an image type.
    """
    if not media_type.startswith("image/"):
        raise ValueError(f"{media_type} is not an image type.")
    return f"data:{media_type};base64,{base64.b64encode(png).decode('ascii')}"
