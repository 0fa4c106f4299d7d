"""What a file really is, by its first bytes; its name is never asked."""

from typing import Final

HEAD_BYTES: Final = 1024

_MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"%PDF", "a PDF document"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"II+\0", "a TIFF picture"),
    (0, b"MM\0+", "a TIFF picture"),
    (0, b"BM", "a BMP picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftyp", "a video or HEIC file"),
    (0, b"\x1aE\xdf\xa3", "a video file"),
    (0, b"\0\0\0\x0cjP  ", "a bare JPEG 2000 file"),
    (0, b"\xffO\xffQ", "a bare JPEG 2000 codestream"),
    (344, b"n+1\0", "a NIfTI volume"),
    (344, b"ni1\0", "a NIfTI volume"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
)


def kind_of(head: bytes) -> str:
    """Return "DICOM", "PNG", "JPEG", or a phrase for people such as "a PDF document".

    `head` is the first HEAD_BYTES bytes. DICOM wins over whatever its 128-byte preamble imitates: the
    preamble is never copied, so a disguise in it does no harm.
    """
    if head[128:132] == b"DICM":
        return "DICOM"
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    return _text_kind(head)


def _text_kind(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml")) and b"<svg" in start:
        return "an SVG drawing"
    if start.startswith((b"<!doctype html", b"<html", b"<script")):
        return "an HTML page"
    if start.startswith(b"<?xml"):
        return "an XML document"
    if not head:
        return "an empty file"
    if _looks_like_bare_dicom(head):
        return "a DICOM data set without its file header"
    return "a text file" if b"\0" not in head and _is_text(head) else "a file of unknown kind"


def _looks_like_bare_dicom(head: bytes) -> bool:
    return head[:2] in (b"\x02\x00", b"\x08\x00") and head[3:4] == b"\x00"


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4
    return True
