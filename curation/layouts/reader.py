"""Reads a frozen release one row at a time: all that a layout knows of the database."""

from collections.abc import Iterator
from typing import Any

import orjson

from consilium.blobs.store import read_blob
from curation.models import Release, ReleaseFile
from curation.releases.freeze import rows_of, side_rows_of, texts_of
from curation.releases.manifest import manifest_of, tables_of

CHUNK = 500
SPLITS = {"train": "train", "dev": "validation", "test": "test"}


class ReleaseReader:
    """A release's rows, those of the tables behind it, and its files."""

    def __init__(self, release: Release) -> None:
        """Raises BlobDamaged when the manifest cannot be read."""
        self.release, self.kind = release, str(release.kind)
        self.manifest = manifest_of(release)
        self.tables = tables_of(self.manifest)
        self._blobs = dict(ReleaseFile.objects.filter(release=release).values_list("path", "blob_id"))

    def rows(self, table: str = "") -> Iterator[dict[str, Any]]:
        """The rows in their order, as they were frozen: of the release, or of one table behind it."""
        found = side_rows_of(self.release, table) if table else rows_of(self.release)
        return (orjson.loads(said) for _, said in texts_of(found).iterator(CHUNK))

    def count(self, table: str = "") -> int:
        """How many rows `rows` gives."""
        return self.tables.get(table or self.kind, 0)

    def read(self, path: str) -> bytes:
        """The content of a file of the release, checked. Raises BlobDamaged, KeyError."""
        return read_blob(self._blobs[path])

    def split_of(self, row: dict[str, Any]) -> str:
        """The row's use as loaders name it; cases and what stands behind rows are of one use each."""
        use = "train" if self.kind == "traces" else "test"
        return SPLITS[row.get("split", use)]
