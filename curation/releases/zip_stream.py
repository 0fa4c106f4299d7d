"""Zips that are made while they are sent: nothing of them lies in memory or on a disk."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Final

PIECE: Final = 1 << 18
WEIGHTS: Final = ".safetensors"
DENSE: Final = (".png", WEIGHTS)  # compressed already, or not compressible


def zip_stream(files: Iterable[tuple[str, Callable[[], BinaryIO]]]) -> Iterator[bytes]:
    """The pieces of a zip of these files, by their paths in it. Images and weights are stored as they are.

    Raises what opening and reading a file raises; the reader sees then that the zip has no end.
    """
    buffer = _Pipe()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, opened in files:
            entry = zipfile.ZipInfo(path)
            entry.compress_type = zipfile.ZIP_STORED if path.endswith(DENSE) else zipfile.ZIP_DEFLATED
            # A size that is not known beforehand: weights may be larger than a plain entry can say.
            is_large = path.endswith(WEIGHTS)
            with archive.open(entry, "w", force_zip64=is_large) as out, opened() as source:
                while chunk := source.read(PIECE):
                    out.write(chunk)
                    yield buffer.take()
    yield buffer.take()


class _Pipe(io.RawIOBase):
    """A write-only, unseekable file whose content is taken away piece by piece."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._held += data
        return len(data)

    def take(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held
