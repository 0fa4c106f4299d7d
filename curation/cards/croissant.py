"""Croissant metadata (MLCommons, version 1.0): the tables of an export for programs that know that format."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from curation.cards.facts import ReleaseFacts
from curation.cards.licences import LINKS, licence_of_all
from curation.cards.summary import summary_of
from curation.cards.written_tables import WrittenTable
from curation.layouts.schemas import COLUMNS, schema_of

if TYPE_CHECKING:
    import pyarrow as pa

FILE: Final = "croissant.json"
CONFORMS: Final = "http://mlcommons.org/croissant/1.0"
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
    "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet",
    "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField",
    "path": "cr:path", "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex",
    "repeated": "cr:repeated", "replace": "cr:replace", "sc": "https://schema.org/",
    "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField",
    "transform": "cr:transform",
}  # fmt: skip
# Every address that the metadata may hold: the gate lets these through and no other.
ADDRESSES: Final = frozenset(
    {CONFORMS, *LINKS.values(), *(text for text in CONTEXT.values() if str(text).startswith("http"))}
)
KINDS: Final = {"string": "sc:Text", "bool": "sc:Boolean", "int32": "sc:Integer", "int64": "sc:Integer"}
PARQUET, LINES = "application/x-parquet", "application/jsonlines"
# In JSON lines an image is its path, and options are an object whose keys differ from row to row.
NOT_IN_LINES: Final = frozenset({"options", "cannot_judge"})


def croissant_of(facts: ReleaseFacts, tables: Sequence[WrittenTable]) -> dict[str, Any]:
    """The metadata of an export: a set of files and a set of records for each table."""
    licence = licence_of_all([source.licence for source in facts.sources])
    citations = " ".join(filter(None, (source.citation for source in facts.sources)))
    cite = f"{facts.name}. {citations}".strip()
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": f"{facts.study}-{facts.kind}-{facts.digest}",
        "alternateName": facts.name,
        "description": summary_of(facts),
        "conformsTo": CONFORMS,
        "license": LINKS.get(licence, licence or "; ".join(sorted({s.licence for s in facts.sources}))),
        "citeAs": " ".join(cite.split()),
        "creator": {"@type": "Organization", "name": facts.study},
        "datePublished": facts.frozen,
        "version": f"1.0.0+{facts.digest}",
        "inLanguage": facts.languages or ["und"],
        "isAccessibleForFree": True,
        "distribution": [_files(table) for table in tables],
        "recordSet": [_records(table) for table in tables],
    }


def _files(table: WrittenTable) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"files-{table.name}",
        "name": f"files-{table.name}",
        "encodingFormat": PARQUET if table.is_parquet else LINES,
        "includes": [one.pattern for one in table.splits],
    }


def _records(table: WrittenTable) -> dict[str, Any]:
    schema = table.schema if table.schema is not None else _lines_schema(table)
    rows = sum(one.rows for one in table.splits)
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": f"{rows} rows.",
        "field": [_field(table, column.name, column.type) for column in schema],
    }


def _lines_schema(table: WrittenTable) -> "pa.Schema":
    kept = [
        (column, "strings" if kind == "images" else kind)
        for column, kind in COLUMNS[table.name]
        if column in table.keys - NOT_IN_LINES
    ]
    return schema_of(tuple(kept))


def _field(table: WrittenTable, name: str, kind: "pa.DataType") -> dict[str, Any]:
    """A column: one value, a list of them, or named parts."""
    import pyarrow.types as kinds

    is_list = kinds.is_list(kind)
    inner = kind.value_type if is_list else kind
    made: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{table.name}/{name}",
        "name": f"{table.name}/{name}",
    }
    if is_list:
        made["repeated"] = True
    if _is_image(inner):
        return made | {"dataType": "sc:ImageObject"} | _source(table, name, "bytes", is_list)
    if not kinds.is_struct(inner):
        return made | {"dataType": KINDS[str(inner)]} | _source(table, name, "", is_list)
    parts = [
        {
            "@type": "cr:Field",
            "@id": f"{table.name}/{name}/{path.replace('.', '/')}",
            "name": f"{table.name}/{name}/{path.replace('.', '/')}",
            "dataType": KINDS[str(leaf)],
        }
        | _source(table, name, path, is_list)
        for path, leaf in _leaves(inner)
    ]
    return made | {"subField": parts}


def _leaves(kind: "pa.DataType", before: str = "") -> "Iterator[tuple[str, pa.DataType]]":
    import pyarrow.types as kinds

    for part in kind:
        path = f"{before}{part.name}"
        if kinds.is_struct(part.type):
            yield from _leaves(part.type, f"{path}.")
        else:
            yield path, part.type


def _source(table: WrittenTable, column: str, path: str, is_list: bool) -> dict[str, Any]:
    source: dict[str, Any] = {
        "fileSet": {"@id": f"files-{table.name}"},
        "extract": {"column": column},
    }
    if path:
        source["transform"] = {"jsonPath": f"[*].{path}" if is_list else path}
    return {"source": source}


def _is_image(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds

    return kinds.is_struct(kind) and {part.name for part in kind} == {"bytes", "path"}
