"""The layout for the Hugging Face Hub: parquet shards by table and split, images inside."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from curation.layouts.flat import consensus_of, responses_of, with_pixels
from curation.layouts.parquet import ParquetShards
from curation.layouts.reader import SPLITS, ReleaseReader
from curation.layouts.registry import Config, Layout, Tell, Written
from curation.layouts.schemas import COLUMNS, schema_of

EVERY = 500


class _Tables:
    """Open shards by table and split; made when their first row comes."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._open: dict[tuple[str, str], ParquetShards] = {}

    def add(self, table: str, split: str, row: dict[str, Any]) -> None:
        """Write one row."""
        shards = self._open.get((table, split))
        if shards is None:
            made = ParquetShards(self._folder / "data" / table, split, schema_of(COLUMNS[table]))
            shards = self._open[table, split] = self._stack.enter_context(made)
        shards.add(row)

    def configs(self) -> list[Config]:
        """What was written, once all is closed: in the order of first rows, train before test."""
        order = {split: place for place, split in enumerate(SPLITS.values())}
        tables = list(dict.fromkeys(table for table, _ in self._open))
        keys = sorted(self._open, key=lambda key: (tables.index(key[0]), order[key[1]]))
        return [
            Config(table, split, f"data/{table}/{shards.pattern}", shards.rows, shards.size)
            for table, split in keys
            for shards in [self._open[table, split]]
        ]


def write_hub(reader: ReleaseReader, folder: Path, tell: Tell) -> Written:
    """The release's own table first, then what can be read from it, then what stands behind it."""
    total = sum(reader.tables.values())
    done = 0
    with ExitStack() as stack:
        tables = _Tables(folder, stack)
        for row in reader.rows():
            split = reader.split_of(row)
            tables.add(reader.kind, split, with_pixels(reader, row) | {"split": split})
            if reader.kind == "preferences":
                for entry in consensus_of(row):
                    tables.add("consensus", split, entry)
                for entry in responses_of(row):
                    tables.add("responses", split, entry)
            done = _told(done, total, tell)
        for table in reader.tables:
            for row in reader.rows(table) if table != reader.kind else ():
                tables.add(table, reader.split_of({}), row)
                done = _told(done, total, tell)
    names = {
        table: f"`data/{table}/`: {table}, parquet"
        for table in dict.fromkeys(c.name for c in tables.configs())
    }
    return Written(configs=tables.configs(), files=names)


def _told(done: int, total: int, tell: Tell) -> int:
    if done % EVERY == 0:
        tell(done, total)
    return done + 1


HUB = Layout(
    name="hub",
    label="Hugging Face Hub",
    meaning="parquet with the images inside, for datasets.load_dataset",
    kinds=frozenset({"traces", "questions", "preferences"}),
    write=write_hub,
)
