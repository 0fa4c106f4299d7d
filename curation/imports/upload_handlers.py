"""How the files of a request reach the disk: one behind the other in one file, as a series has thousands."""

import os
import tempfile
import weakref
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from consilium.disk_space import disk_space
from consilium.people.requests import takes_files
from curation.imports.uploads import MOST_FILES


class Spool:
    """One file without a name, which the system deletes when it is closed or its process dies."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, buffering=0)  # noqa: SIM115
        self.size = 0
        # The end of a request closes it; that of one that breaks off in its first file, the last reference.
        self.close = weakref.finalize(self, self._file.close)

    def append(self, content: bytes) -> None:
        """Write all of `content` behind what is there."""
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]
        self.size += len(content)

    def read(self, start: int, length: int) -> bytes:
        """At most `length` bytes from `start` on."""
        return os.pread(self._file.fileno(), length, start)


class SpooledFile(UploadedFile):  # type: ignore[type-arg]
    """One uploaded file: a stretch of the spool. It is read with `chunks`."""

    def __init__(self, spool: Spool, start: int, size: int, name: str, content_type: str | None) -> None:
        super().__init__(None, name, content_type, size)
        self._spool = spool
        self._start, self._end = start, start + size

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The content in pieces of at most `chunk_size` bytes."""
        place = self._start
        while place < self._end:
            piece = self._spool.read(place, min(chunk_size or self.DEFAULT_CHUNK_SIZE, self._end - place))
            place += len(piece)
            yield piece

    def close(self) -> None:
        """Django calls this when the request is over; with the spool all its files go."""
        self._spool.close()


class FilesRefused(SuspiciousOperation):
    """Somebody sent files to a form that has none."""


class SpoolHandler(FileUploadHandler):
    """Keeps one file more than an import may have and no others, so that the form can refuse in words.

    A form without files of its own, or of a stranger, gets none: nothing of them reaches the disk.
    """

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._refuses = False
        self._taken = 0
        self._start = 0

    @cached_property
    def _spool(self) -> Spool:
        return Spool()

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        """The body begins."""
        request: Any = self.request
        match = request.resolver_match
        self._refuses = match is None or not takes_files(match.func) or not request.user.is_authenticated

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins. Raises SkipFile, which passes over its bytes, when enough were taken.

        Raises FilesRefused (a 400) where files have no business.
        """
        super().new_file(*args, **kwargs)
        if self._refuses:
            raise FilesRefused("This form takes no files.")
        if self._taken > MOST_FILES or disk_space().is_short:
            raise SkipFile
        self._taken += 1
        self._start = self._spool.size

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """The next bytes of the file that began."""
        self._spool.append(raw_data)

    def file_complete(self, file_size: int) -> SpooledFile:
        """The file is whole: hand it over."""
        return SpooledFile(self._spool, self._start, file_size, str(self.file_name), self.content_type)
