"""Writes the files of an export: JSONL, parquet with the images inside, images, manifest and card."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from consilium.blobs.store import read_blob
from curation.models import Release, ReleaseFile, Source
from curation.releases.freeze import rows_of
from curation.releases.image_features import with_image_features
from curation.releases.manifest import lines_of, manifest_of
from curation.releases.materialise import ROWS, write_files, write_rows
from curation.releases.sign import signatures_in_export

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET: Final = "data.parquet"
MANIFEST: Final = "MANIFEST.json"
LINES: Final = "MANIFEST.jsonl"
CARD: Final = "README.md"
BATCH: Final = 100
MARKS: Final = re.compile(r"([\\`*_\[\]<>#&!|~$])")  # that begin markup, a link or an entity


def write_all(release: Release, folder: Path, sources: list[Source]) -> None:
    """Write everything into an empty folder. Raises BlobDamaged, OSError."""
    write_files(release, folder)
    write_rows(release, folder / ROWS)
    write_parquet(release, folder / PARQUET)
    with (folder / LINES).open("wb") as out:
        out.writelines(line.to_json() for line in lines_of(manifest_of(release)))
    (folder / MANIFEST).write_text(_manifest(release), encoding="utf-8")
    (folder / CARD).write_text(_card(release, sources), encoding="utf-8")


def write_parquet(release: Release, path: Path) -> None:
    """The rows; `images` as bytes and path (a Hugging Face image feature), `options` as letter and text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = with_image_features(_arrow_schema(release))
    blobs = dict(ReleaseFile.objects.filter(release=release).values_list("path", "blob_id"))
    with pq.ParquetWriter(path, schema) as writer:
        for batch in _batches(release, blobs):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _arrow_schema(release: Release) -> "pa.Schema":
    """The types that all rows together need, found a batch at a time: a release may be larger than memory."""
    import pyarrow as pa

    found = pa.schema([])
    for batch in _batches(release, {}):
        types = pa.Table.from_pylist(batch).schema
        found = pa.unify_schemas([found, types], promote_options="permissive")
    return found


def _batches(release: Release, blobs: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    contents = rows_of(release).values_list("content", flat=True).iterator(BATCH)
    while batch := [_flat(content, blobs) for content in islice(contents, BATCH)]:
        yield batch


def _flat(content: dict[str, Any], blobs: dict[str, str]) -> dict[str, Any]:
    """The row as parquet holds it; without `blobs` the images have their paths only."""
    images = [
        {"bytes": read_blob(blobs[path]) if blobs else None, "path": path.rsplit("/", 1)[-1]}
        for path in content.get("images", [])
    ]
    options = [{"letter": letter, "content": text} for letter, text in content.get("options", {}).items()]
    return content | {"images": images, "options": options}


def _manifest(release: Release) -> str:
    added = {"digest": release.digest, "signatures": signatures_in_export(release)}
    manifest = manifest_of(release) | added
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _card(release: Release, sources: list[Source]) -> str:
    left_out = [f"- {reason}: {count}" for reason, count in sorted(release.left_out.items())] or ["- nothing"]
    named = [_source_line(source) for source in sources]
    signed = [_signature_line(entry) for entry in signatures_in_export(release)] or ["- Not signed."]
    return "\n".join(
        [
            "---",
            "license: other",
            f"pretty_name: {json.dumps(release.name)}",
            "configs:",
            "- config_name: default",
            f"  data_files: {PARQUET}",
            "---",
            "",
            f"# {_as_text(release.name)}",
            "",
            f"{release.get_kind_display()} of {release.row_count} rows, frozen {release.frozen_at:%Y-%m}.",
            "",
            f"Digest: `{release.digest}` (SHA-256 over the manifest without name, time and program version).",
            "",
            "## Files",
            "",
            f"- `{ROWS}`: one JSON object per row; image paths are relative to this folder.",
            f"- `{PARQUET}`: the same rows with the images inside.",
            "- `images/`: PNG files, made from pixels alone.",
            f"- `{MANIFEST}`: SHA-256 of every row and file.",
            "",
            "## Signatures",
            "",
            *signed,
            "",
            "## Sources",
            "",
            *named,
            "",
            "## Left out",
            "",
            *left_out,
            "",
        ]
    )


def _signature_line(entry: dict[str, str]) -> str:
    # The month, as everywhere on the card; day and pseudonym stand in the manifest.
    return f"- A {entry['role']}, {entry['created'][:7]}: {entry['meaning']}"


def _source_line(source: Source) -> str:
    parts = [f"**{_as_text(source.name)}**", f"licence {_as_text(source.licence)}"]
    parts += [f"ethics reference {_as_text(source.ethics_reference)}"] if source.ethics_reference else []
    parts += [_as_text(source.citation)] if source.citation else []
    parts += ["synthetic"] if source.is_synthetic else []
    return "- " + "; ".join(parts)


def _as_text(written: str) -> str:
    """What somebody wrote, on one line and shown as it is: whoever renders the card may let HTML through."""
    return MARKS.sub(r"\\\1", " ".join(written.split()))
