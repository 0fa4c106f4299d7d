"""What a PNG of an export may be: pixels and nothing else. Pure."""

from typing import Final

CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})


def png_fault(content: bytes) -> str:
    """Why a PNG is more than its pixels, or nothing."""
    place = 8
    while place + 8 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        if kind not in CHUNKS:
            return "it holds data besides its pixels"
        place += 12 + length
        if kind == b"IEND":
            return "" if place == len(content) else "bytes follow its end"
    return "it is cut short"
