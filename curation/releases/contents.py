"""What goes into a release: its rows, and while they are read the counts, files and manifest lines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from consilium.blobs.models import Blob
from consilium.blobs.store import put_file
from consilium.refusals import Refused
from curation.releases.manifest import FILES, ManifestLine

MEDIA_TYPE: Final = "application/jsonl"
EXAMPLES: Final = 50


class FreezeRefused(Refused):
    """A release that cannot be made as asked; the text is for people."""


@dataclass(frozen=True, slots=True)
class NewRow:
    """One row to freeze: its id, its JSON content, and its files (path in the release to blob SHA-256).

    `table` names where it stands beside the release's own rows (votes, reviews ...); empty: among those.
    """

    row_id: str
    content: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    table: str = ""


@dataclass(slots=True)
class Gathered:
    """Reasons and numbers of what a release leaves out, and the first keys of each."""

    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[int]] = field(default_factory=dict)

    def leave(self, reason: str, pk: int) -> None:
        """Count one object that stays out, by its key."""
        self.left_out[reason] += 1
        first = self.examples.setdefault(reason, [])
        if len(first) < EXAMPLES:
            first.append(pk)


class Contents:
    """Counts, files and sources of the rows so far; the manifest's lines wait in files of a folder."""

    def __init__(self, main: str, folder: Path) -> None:
        """`main`: the name of the release's own table."""
        self.main, self._folder = main, folder
        self.rows: Counter[str] = Counter()
        self.files: dict[str, str] = {}
        self.sources: set[str] = set()
        self._lines: dict[str, IO[bytes]] = {}

    def add(self, row: NewRow, sha256: str) -> int:
        """Note a row and its files; the row's place in its table. Raises FreezeRefused for two contents."""
        table = row.table or self.main
        if table not in self._lines:
            self._lines[table] = (self._folder / table).open("w+b")
        self._lines[table].write(ManifestLine(table, row.row_id, sha256).to_json())
        for path, content in row.files.items():
            if self.files.setdefault(path, content) != content:
                raise FreezeRefused(f"Two rows give {path} different contents.")
        if not row.table:
            self.sources.add(row.content.get("source", ""))
        self.rows[table] += 1
        return self.rows[table] - 1

    def put_lines(self, sizes: dict[str, int]) -> Blob:
        """Store the manifest's lines as one file; `sizes` by SHA-256 of the files."""
        whole = self._folder / "lines"
        with whole.open("wb") as out:
            for table in sorted(self._lines, key=lambda name: (name != self.main, name)):
                self._lines[table].seek(0)
                out.writelines(self._lines[table])
            out.writelines(
                ManifestLine(FILES, path, sha256, sizes[sha256]).to_json()
                for path, sha256 in sorted(self.files.items())
            )
        return put_file(whole, MEDIA_TYPE)

    def close(self) -> None:
        """Let go of the files."""
        for lines in self._lines.values():
            lines.close()


@contextmanager
def contents_of(main: str) -> Iterator[Contents]:
    """Contents to fill, and their folder until the end."""
    with TemporaryDirectory(prefix="consilium-release-") as folder:
        contents = Contents(main, Path(folder))
        try:
            yield contents
        finally:
            contents.close()


def in_batches(rows: Iterable[NewRow], size: int) -> Iterator[list[NewRow]]:
    """The rows in lists of `size`, the last one shorter."""
    batch: list[NewRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
