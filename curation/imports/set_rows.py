"""Reads the rows of published question sets from JSON, JSON lines, CSV, TSV and Parquet, one after the other.

No pickle is read, and nothing of a file is run.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from consilium.refusals import Refused
from curation.imports.plan import lines_of_file
from curation.imports.questions_file import LINE_BYTES

Row = Mapping[str, Any]
BATCH: Final = 8
MOST_ROWS: Final = 200_000
JSON_BYTES: Final = 128 * 2**20
# A picture of a set lies as base64 in one cell.
CELL_BYTES: Final = 64 * 2**20


class FileUnread(Refused):
    """A file whose rows cannot be read, or no more of them; the text is for people."""


def read_set_rows(path: Path, name: str, needed: Sequence[str]) -> Iterator[tuple[int, Row | None]]:
    """Yield (1-based number, row) of the file at `path`, whose kind its `name` tells; None is no row at all.

    `needed`: columns without which a table holds nothing of the set. Raises FileUnread, also in the middle.
    """
    kind = PurePosixPath(name).suffix.lower()
    read = {".json": _json, ".jsonl": _json_lines, ".parquet": _parquet}.get(kind, _table)
    for number, row in enumerate(read(path, kind, needed), start=1):
        if number > MOST_ROWS:
            raise FileUnread(f"it has more than {MOST_ROWS:,} rows")
        yield number, row


def _json(path: Path, kind: str, needed: Sequence[str]) -> Iterator[Row | None]:
    if path.stat().st_size > JSON_BYTES:
        raise FileUnread(f"it is larger than {JSON_BYTES // 2**20} MiB")
    try:
        said = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise FileUnread("it is not valid JSON in UTF-8") from None
    if not isinstance(said, list):
        raise FileUnread("it is no list of questions")
    for row in said:
        yield row if isinstance(row, dict) else None


def _json_lines(path: Path, kind: str, needed: Sequence[str]) -> Iterator[Row | None]:
    for raw in lines_of_file(path):
        try:
            row = json.loads(raw.decode("utf-8-sig")) if len(raw) <= LINE_BYTES else None
        except (ValueError, RecursionError):
            row = None
        yield row if isinstance(row, dict) else None


def _table(path: Path, kind: str, needed: Sequence[str]) -> Iterator[Row | None]:
    csv.field_size_limit(CELL_BYTES)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines, delimiter="\t" if kind == ".tsv" else ",", strict=True)
        try:
            _check_columns(table.fieldnames or (), needed)
            for row in table:
                is_whole = None not in row and None not in row.values()
                yield row if is_whole else None
        except UnicodeDecodeError:
            raise FileUnread("it is not UTF-8 text") from None
        except csv.Error:
            raise FileUnread(f"it is no well-formed table near line {table.line_num}") from None


def _parquet(path: Path, kind: str, needed: Sequence[str]) -> Iterator[Row | None]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as opened:
            _check_columns(opened.schema_arrow.names, needed)
            for batch in opened.iter_batches(batch_size=BATCH):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise FileUnread("it is damaged or no Parquet file") from None


def _check_columns(names: Sequence[str], needed: Sequence[str]) -> None:
    there = {name.casefold() for name in names}
    if lacking := next((name for name in needed if name.casefold() not in there), ""):
        raise FileUnread(f"it has no column {lacking!r}")
