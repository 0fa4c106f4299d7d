"""Writes the files of an export: those of its layout, the manifest and the card."""

import json
import re
from pathlib import Path
from typing import Any, Final

from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Config, Layout, Tell, Written
from curation.models import Release, Source
from curation.releases.manifest import lines_of
from curation.releases.sign import signatures_in_export

MANIFEST: Final = "MANIFEST.json"
LINES: Final = "MANIFEST.jsonl"
CARD: Final = "README.md"
MARKS: Final = re.compile(r"([\\`*_\[\]<>#&!|~$])")  # that begin markup, a link or an entity


def write_all(release: Release, folder: Path, layout: Layout, tell: Tell) -> None:
    """Write everything into an empty folder. Raises NothingFits, BlobDamaged, OSError."""
    reader = ReleaseReader(release)
    written = layout.write(reader, folder, tell)
    written.check_any(reader.count())
    write_manifest(reader, folder)
    (folder / CARD).write_text(_card(reader, layout, written), encoding="utf-8")


def write_manifest(reader: ReleaseReader, folder: Path) -> None:
    """The manifest with digest and signatures, and its lines."""
    with (folder / LINES).open("wb") as out:
        out.writelines(line.to_json() for line in lines_of(reader.manifest))
    release = reader.release
    added = {"digest": release.digest, "signatures": signatures_in_export(release)}
    text = json.dumps(reader.manifest | added, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def sources_in(reader: ReleaseReader) -> list[dict[str, Any]]:
    """The sources as they were frozen, by name; those of a release of the first format as they are today."""
    if "sources" in reader.tables:
        return sorted(reader.rows("sources"), key=lambda row: str(row["name"]))
    names = {row.get("source", "") for row in reader.rows()}
    wanted = ("name", "licence", "citation", "ethics_reference", "is_synthetic")
    found = Source.objects.filter(study=reader.release.study, name__in=names).order_by("name")
    return list(found.values(*wanted))


def _card(reader: ReleaseReader, layout: Layout, written: Written) -> str:
    release = reader.release
    left_out = [f"- {reason}: {count}" for reason, count in sorted(release.left_out.items())] or ["- nothing"]
    named = [_source_line(source) for source in sources_in(reader)]
    signed = [_signature_line(entry) for entry in signatures_in_export(release)] or ["- Not signed."]
    return "\n".join(
        [
            "---",
            "license: other",
            f"pretty_name: {json.dumps(release.name)}",
            *_configs(written.configs),
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
            f"Layout: {layout.label}, {layout.meaning}.",
            "",
            *(f"- {line}." for line in written.files.values()),
            f"- `{MANIFEST}`: what the release holds; `{LINES}`: SHA-256 of every row and file.",
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
            *(f"- of this layout, {reason}: {count}" for reason, count in sorted(written.left_out.items())),
            "",
        ]
    )


def _configs(configs: list[Config]) -> list[str]:
    """The tables as the Hub's loaders find them: the first is the default one."""
    lines = ["configs:"] if configs else []
    for name in dict.fromkeys(config.name for config in configs):
        lines += [f"- config_name: {name}", "  data_files:"]
        for config in configs:
            if config.name == name:
                lines += [f"  - split: {config.split}", f"    path: {config.pattern}"]
    return lines


def _signature_line(entry: dict[str, str]) -> str:
    # The month, as everywhere on the card; day and pseudonym stand in the manifest.
    return f"- A {entry['role']}, {entry['created'][:7]}: {entry['meaning']}"


def _source_line(source: dict[str, Any]) -> str:
    ethics = source["ethics_reference"]
    parts = [f"**{_as_text(source['name'])}**", f"licence {_as_text(source['licence'])}"]
    parts += [f"ethics reference {_as_text(ethics)}"] if ethics else []
    parts += [_as_text(source["citation"])] if source["citation"] else []
    parts += ["synthetic"] if source["is_synthetic"] else []
    return "- " + "; ".join(parts)


def _as_text(written: str) -> str:
    """What somebody wrote, on one line and shown as it is: whoever renders the card may let HTML through."""
    return MARKS.sub(r"\\\1", " ".join(written.split()))
