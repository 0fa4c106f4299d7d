"""Reads the files of a release that another site exported from a zip: nothing is unpacked by its name.

Each read is bounded by what the zip's own list says, all together by `most` bytes; whatever is odd about the
zip is a reason to refuse it.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from consilium.refusals import Refused
from curation.releases.export_files import LINES, MANIFEST

MANIFEST_BYTES: Final = 4 << 20
LINE_BYTES: Final = 16 << 20
MOST_ENTRIES: Final = 1_000_000
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class ReleaseDamaged(Refused):
    """What came is no whole, unchanged release; the text names the file or row, and what is wrong."""


class ReleaseZip:
    """The files by their paths inside the export's folder. A context manager."""

    def __init__(self, path: Path, most: int) -> None:
        """Raises ReleaseDamaged."""
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
            raise ReleaseDamaged("This is no zip, or its end was cut off.") from None
        try:
            self._entries = self._read_names(most)
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def manifest(self) -> dict[str, Any]:
        """MANIFEST.json. Raises ReleaseDamaged."""
        with self.open(MANIFEST) as file:
            raw = self._read(file, MANIFEST, MANIFEST_BYTES + 1, whole_lines=False)
        try:
            said = json.loads(raw) if len(raw) <= MANIFEST_BYTES else None
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise ReleaseDamaged(f"{MANIFEST} is not one JSON object.")
        return said

    def lines(self, path: str) -> Iterator[tuple[int, bytes]]:
        """The lines of a file with their numbers from 1 on. Raises ReleaseDamaged."""
        with self.open(path) as file:
            number = 0
            while line := self._read(file, path, LINE_BYTES + 1):
                number += 1
                if len(line) > LINE_BYTES:
                    raise ReleaseDamaged(f"{path} line {number} is too long.")
                yield number, line

    def open(self, path: str) -> BinaryIO:
        """A file for reading. Raises ReleaseDamaged where it is missing."""
        if path not in self._entries:
            raise ReleaseDamaged(f"{path} is missing.")
        try:
            opened: Any = self._zip.open(self._entries[path])
        except (zipfile.BadZipFile, RuntimeError):  # also where it is packed in a way unknown here
            raise ReleaseDamaged(f"{path} is damaged inside the zip.") from None
        return opened  # type: ignore[no-any-return]

    def copy(self, path: str, target: Path, size: int) -> None:
        """Write a file of that size to `target`. Raises ReleaseDamaged, OSError."""
        with self.open(path) as file, target.open("xb") as out:
            left = size + 1
            while left and (piece := self._read(file, path, min(left, 1 << 20), whole_lines=False)):
                out.write(piece)
                left -= len(piece)
        if target.stat().st_size != size:
            raise ReleaseDamaged(f"{path} is not as large as the manifest says.")

    def _read(self, file: BinaryIO, path: str, most: int, *, whole_lines: bool = True) -> bytes:
        try:
            return file.readline(most) if whole_lines else file.read(most)
        except (zipfile.BadZipFile, EOFError, OSError, ValueError, zlib.error):
            raise ReleaseDamaged(f"{path} is damaged inside the zip.") from None

    def _read_names(self, most: int) -> dict[str, zipfile.ZipInfo]:
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > most:
            raise ReleaseDamaged("The zip holds more than an import may be.")
        names = [PurePosixPath(entry.filename) for entry in entries]
        tops = [name.parent for name in names if name.name == MANIFEST]
        top = min(tops, key=lambda found: len(found.parts), default=None)
        if top is None:
            raise ReleaseDamaged(f"{MANIFEST} is missing: this is no export of a release.")
        found: dict[str, zipfile.ZipInfo] = {}
        for name, entry in zip(names, entries, strict=True):
            if not name.is_relative_to(top):
                continue
            path = name.relative_to(top).as_posix()
            if path in found:
                raise ReleaseDamaged(f"{path} is in the zip twice.")
            found[path] = entry
        return found


def is_digest(said: Any) -> bool:
    """Whether a value is a SHA-256 in hex."""
    return isinstance(said, str) and _HASH.fullmatch(said) is not None


def rows_file(table: str, kind: str) -> str:
    """Where the jsonl layout keeps a table of a release of that kind."""
    return "rows.jsonl" if table == kind else f"{table}.jsonl"


def is_release_folder(names: list[str]) -> bool:
    """Whether a folder with these files is a release in the jsonl layout."""
    return {MANIFEST, LINES, "rows.jsonl"} <= set(names)
