"""The tables that a layout wrote, as cards tell them: files, rows, bytes and columns. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from curation.layouts.image_features import features_of

if TYPE_CHECKING:
    import pyarrow as pa


class Loadable(Protocol):
    """One split of a table as its layout tells it (`curation.layouts.registry.Config`)."""

    @property
    def name(self) -> str:
        """The table."""

    @property
    def split(self) -> str:
        """The split."""

    @property
    def pattern(self) -> str:
        """Which files."""

    @property
    def rows(self) -> int:
        """How many rows."""

    @property
    def size(self) -> int:
        """Bytes on disk."""


@dataclass(frozen=True, slots=True)
class WrittenSplit:
    """One split of a table. `size`: bytes on disk; `unpacked`: bytes of the columns when they are read."""

    split: str
    pattern: str
    rows: int
    size: int
    unpacked: int


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """One table by the name under which programs load it.

    `schema` is None for JSON lines; `keys` are then the names in their first line.
    """

    name: str
    splits: list[WrittenSplit] = field(default_factory=list)
    schema: "pa.Schema | None" = None
    keys: frozenset[str] = frozenset()

    @property
    def is_parquet(self) -> bool:
        """Whether its files are parquet; else they are JSON lines."""
        return self.splits[0].pattern.endswith(".parquet")

    def info(self) -> dict[str, Any]:
        """The entry of `dataset_info` on the Hub."""
        splits = [
            {"name": one.split, "num_bytes": one.unpacked, "num_examples": one.rows} for one in self.splits
        ]
        features = {"features": yaml_features(features_of(self.schema))} if self.schema is not None else {}
        return {
            "config_name": self.name,
            **features,
            "splits": splits,
            "download_size": sum(one.size for one in self.splits),
            "dataset_size": sum(one.unpacked for one in self.splits),
        }


def tables_in(folder: Path, configs: Sequence[Loadable]) -> list[WrittenTable]:
    """The tables of a finished folder, in the order of `configs`."""
    found: dict[str, WrittenTable] = {}
    for config in configs:
        files = sorted(folder.glob(config.pattern))
        unpacked = config.size
        if config.pattern.endswith(".parquet"):
            schema, unpacked = _footers(files)
            table = found.setdefault(config.name, WrittenTable(config.name, schema=schema))
        else:
            table = found.setdefault(config.name, WrittenTable(config.name, keys=_keys(files[0])))
        one = WrittenSplit(config.split, config.pattern, config.rows, config.size, unpacked)
        table.splits.append(one)
    return list(found.values())


def _footers(files: list[Path]) -> "tuple[pa.Schema, int]":
    """Schema and unpacked bytes of parquet files."""
    import pyarrow.parquet as pq

    footers = [pq.read_metadata(path) for path in files]
    groups = [footer.row_group(at) for footer in footers for at in range(footer.num_row_groups)]
    return footers[0].schema.to_arrow_schema(), sum(group.total_byte_size for group in groups)


def _keys(path: Path) -> frozenset[str]:
    with path.open("rb") as lines:
        return frozenset(json.loads(next(lines, b"{}")))


def yaml_features(features: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns as the YAML of a card has them, from what `datasets` notes in a file."""
    return [{"name": name, **_feature(kind)} for name, kind in features.items()]


def _feature(kind: dict[str, Any]) -> dict[str, Any]:
    if kind.get("_type") == "Value":
        return {"dtype": kind["dtype"]}
    if kind.get("_type") == "List":
        inner = _feature(kind["feature"])
        only = next(iter(inner.values())) if len(inner) == 1 else inner
        return {"list": only}
    if "_type" in kind:
        return {"dtype": kind["_type"].lower()}
    return {"struct": yaml_features(kind)}
