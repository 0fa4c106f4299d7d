"""Images inside chat messages: always bytes in the message, never an address that a server would fetch."""

import re
from typing import Final

import pybase64

DATA_PREFIX: Final = b"data:image/"
_MEDIA_TYPE: Final = re.compile(r"image/[a-z0-9.+-]+")


def data_uri(png: bytes, media_type: str = "image/png") -> bytes:
    """The bytes of one image as a data URI for an `image_url` part.

    It is ASCII without a sign that JSON escapes, so that it goes into a request's body as it is.
    Raises ValueError when `media_type` is not an image type.
    """
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise ValueError(f"{media_type} is not an image type.")
    return b"data:%b;base64,%b" % (media_type.encode(), pybase64.b64encode(png))
