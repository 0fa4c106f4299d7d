"""Every text in rows of JSON and columns of parquet, except where this site's ids and hashes stand. Pure."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# What is ours and holds no prose: hashes, ids and paths would only give false alarms.
NOT_PROSE: Final = frozenset(
    {
        "sha256",
        "images",
        "cluster",
        "rows",
        "files",
        "path",
        "lines",
        "format",
        "app_version",
        "created",
        "week",
        "locked",
        "settings",
        "table",
    }
)
# Kinds of parquet columns without a text: plain numbers and bytes, whole numbers of a size, nothing at all.
NUMBERS: Final = frozenset({"NONE", "INT", "NULL", "UNKNOWN"})
# Ids and file names that this site makes; what came in with its own is looked at like any text.
IDS: Final = frozenset({"id", "question_id", "case_id", "trace_id", "image_id", "order_key"})
OWN_ID: Final = re.compile(
    r"(?:adjudication|case|cluster|external|guideline|question|review|source|step|trace|vote)-\d+|[0-9a-f]{16,64}"
)


def strings_of(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a row, with the field in which it stands."""
    if isinstance(value, str):
        if not _is_own(field, value):
            yield field, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in NOT_PROSE and inner:
                yield from strings_of(inner, f"{field}.{key}" if field else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner, field)


def prose_columns(file: "pq.ParquetFile") -> list[str]:
    """The columns, nested ones by their paths, in which texts stand.

    Raises TypeError for a column of a kind that cannot be looked at: moments in time, bytes of no image.
    """
    found = []
    for column in (file.schema.column(number) for number in range(len(file.schema))):
        path, kind = column.path.split("."), column.logical_type.type
        if kind == "STRING":
            found += [] if NOT_PROSE.intersection(path) else [column.path]
        elif kind not in NUMBERS or ("BYTE_ARRAY" in column.physical_type and path[-1] != "bytes"):
            raise TypeError("a column is of a kind that no export holds")
    return found


def distinct_strings(batch: "pa.RecordBatch") -> set[str]:
    """Every text of a batch, once."""
    return {
        text
        for field, column in zip(batch.schema.names, batch.columns, strict=True)
        for text in _distinct(column)
        if not _is_own(field, text)
    }


def _distinct(values: "pa.Array") -> Iterator[str]:
    """Every text in a column, whatever it is nested in."""
    import pyarrow.types as kinds

    if kinds.is_struct(values.type):
        for inner in values.flatten():
            yield from _distinct(inner)
    elif kinds.is_list(values.type) or kinds.is_large_list(values.type):
        yield from _distinct(values.flatten())
    elif kinds.is_string(values.type) or kinds.is_large_string(values.type):
        yield from filter(None, values.unique().to_pylist())
    else:
        raise TypeError("a text stands in a column of a kind that is not looked at")


def _is_own(field: str, text: str) -> bool:
    """Whether a text is an id that this site made, where one belongs."""
    return field.rpartition(".")[2] in IDS and OWN_ID.fullmatch(text) is not None
