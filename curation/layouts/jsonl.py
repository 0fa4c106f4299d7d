"""The plain layout: one JSON object per row, images as PNG files beside."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Config, Layout, Tell, Written
from curation.releases.materialise import write_files

EVERY = 500


def write_jsonl(reader: ReleaseReader, folder: Path, tell: Tell) -> Written:
    """`rows.jsonl`, a file for each table behind it, `images/`. Paths in rows are relative to the folder."""
    write_lines(folder / "rows.jsonl", _told(reader.rows(), reader.count(), tell))
    files = {"rows.jsonl": "`rows.jsonl`: one JSON object per row; image paths are relative to this folder"}
    for table in reader.tables:
        if table != reader.kind:
            write_lines(folder / f"{table}.jsonl", reader.rows(table))
            files[f"{table}.jsonl"] = f"`{table}.jsonl`: the {table} behind the rows"
    write_files(reader.release, folder)
    files["images"] = "`images/`: PNG files, made from pixels alone"
    return Written(configs=[_config(reader, folder, table) for table in reader.tables], files=files)


def _config(reader: ReleaseReader, folder: Path, table: str) -> Config:
    name = "rows.jsonl" if table == reader.kind else f"{table}.jsonl"
    size = (folder / name).stat().st_size
    return Config(table, reader.split_of({}), name, reader.count(table), size)


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write one JSON object per line with sorted keys; the number of lines."""
    number = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        for number, row in enumerate(rows, start=1):  # noqa: B007
            out.write((json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n").encode())
    return number


def _told(rows: Iterator[dict[str, Any]], total: int, tell: Tell) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows):
        if number % EVERY == 0:
            tell(number, total)
        yield row


JSONL = Layout(
    name="jsonl",
    label="JSON lines",
    meaning="one JSON object per row, images as files beside",
    kinds=frozenset({"traces", "questions", "preferences"}),
    write=write_jsonl,
)
