"""Writes parquet files of any length with little memory: row groups and shards of bounded size."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from curation.layouts.image_features import with_image_features

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

GROUP_ROWS: Final = 1000
GROUP_BYTES: Final = 32 << 20
SHARD_BYTES: Final = 450 << 20
# About what the texts of a row take.
ROW_BYTES: Final = 1000


class ParquetShards:
    """The rows of one table and split, in files `NAME-00000-of-00002.parquet`. A context manager.

    The number of files is known at the end only, so they get their names then. `is_single`: one file,
    `NAME.parquet`, whatever its size.
    """

    def __init__(self, folder: Path, name: str, schema: "pa.Schema", *, is_single: bool = False) -> None:
        self._folder, self._name, self._is_single = folder, name, is_single
        self._schema = with_image_features(schema)
        self._holds_images = not {"images", "image"}.isdisjoint(schema.names)
        self._waiting: list[dict[str, Any]] = []
        self._waiting_bytes = self._shard_bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._shards: list[Path] = []
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush(is_last=True)
        self._close()
        if kind is None:
            self._name_shards()

    def add(self, row: dict[str, Any]) -> None:
        """Write a row, soon. Images are {"bytes", "path"}."""
        self._waiting.append(row)
        self._waiting_bytes += ROW_BYTES + (_image_bytes(row) if self._holds_images else 0)
        self.rows += 1
        if len(self._waiting) >= GROUP_ROWS or self._waiting_bytes >= GROUP_BYTES:
            self._flush()

    @property
    def size(self) -> int:
        """Bytes of all files, once they are closed."""
        return sum(path.stat().st_size for path in self._shards)

    @property
    def pattern(self) -> str:
        """The file names, as a pattern."""
        return f"{self._name}.parquet" if self._is_single else f"{self._name}-*.parquet"

    def _flush(self, *, is_last: bool = False) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._waiting and not (is_last and not self._shards):
            return
        if self._writer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._shards.append(self._folder / f"{self._name}-{len(self._shards):05d}.parquet")
            self._writer = pq.ParquetWriter(self._shards[-1], self._schema)
        self._writer.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))
        self._shard_bytes += self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0
        if self._shard_bytes >= SHARD_BYTES and not self._is_single:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._shard_bytes = None, 0

    def _name_shards(self) -> None:
        number = len(self._shards)
        names = [f"{self._name}-{at:05d}-of-{number:05d}" for at in range(number)]
        if self._is_single:
            names = [self._name]
        named = [self._folder / f"{name}.parquet" for name in names]
        for path, name in zip(self._shards, named, strict=True):
            path.rename(name)
        self._shards = named


def _image_bytes(row: Mapping[str, Any]) -> int:
    images = row.get("images") or ([row["image"]] if row.get("image") else [])
    return sum(len(image["bytes"]) for image in images)
