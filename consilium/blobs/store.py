"""Puts contents into the store (temp file, fsync, rename, row) and reads them back."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from consilium.blobs.models import Blob
from consilium.refusals import Refused

CHUNK = 1024 * 1024


class BlobDamaged(Refused):
    """A stored file is missing or its bytes no longer match its name."""


def path_of(sha256: str) -> Path:
    """Where a content lies; two levels of folders keep directories small."""
    return Path(settings.CONSILIUM_HOME) / "blobs" / sha256[:2] / sha256[2:4] / sha256


def put(content: bytes, media_type: str) -> Blob:
    """Store bytes; the same bytes give the same row. A damaged file of that name is replaced."""
    sha256 = hashlib.sha256(content).hexdigest()
    if not _intact(sha256):
        _publish(iter([content]), path_of(sha256))
    return _row(sha256, len(content), media_type)


def put_file(source: Path, media_type: str) -> Blob:
    """Store a file by streaming it twice: once for its name, once for the copy; see `put`."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(source):
        digest.update(chunk)
        size += len(chunk)
    sha256 = digest.hexdigest()
    if not _intact(sha256):
        _publish(_chunks(source), path_of(sha256))
    return _row(sha256, size, media_type)


def place(sha256: str, source: BinaryIO) -> None:
    """Put the file of a content back whose row is, or will be, there. Raises BlobDamaged for other bytes."""
    if _intact(sha256):
        return
    digest = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != sha256:
            raise BlobDamaged("A file to put back is not the one that its name says.")

    _publish(chunks(), path_of(sha256))


def open_blob(sha256: str) -> BinaryIO:
    """The content, open for reading. Raises BlobDamaged when the file is gone."""
    try:
        return path_of(sha256).open("rb")
    except FileNotFoundError:
        raise BlobDamaged(
            "A stored file is missing; tell the operator to run the check of stored files."
        ) from None


def read_blob(sha256: str) -> bytes:
    """The whole content of a small blob, checked against its name."""
    with open_blob(sha256) as handle:
        content = handle.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BlobDamaged("A stored file was changed on disk; tell the operator to restore it from backup.")
    return content


def damaged_blobs(check: Callable[[], None]) -> list[str]:
    """Names of all blobs whose file is missing or changed (the daily scrub).

    `check` is called before each file and may raise to stop: a large store takes hours.
    """
    found = []
    for sha256 in Blob.objects.values_list("sha256", flat=True).iterator():
        check()
        if not _intact(sha256):
            found.append(sha256)
    return found


def _intact(sha256: str) -> bool:
    path, digest = path_of(sha256), hashlib.sha256()
    if not path.exists():
        return False
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest() == sha256


def _row(sha256: str, size: int, media_type: str) -> Blob:
    return Blob.objects.get_or_create(sha256=sha256, defaults={"size": size, "media_type": media_type})[0]


def _chunks(source: Path) -> Iterator[bytes]:
    with source.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            yield chunk


def _publish(chunks: Iterator[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as out:
            for chunk in chunks:
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
