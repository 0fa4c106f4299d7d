"""What the manifest and the rows of an imported release must be, so that everything here can read them. Pure.

Hashes say that nothing changed since the other site froze it. These rules say that it is a release at all:
whoever can write a folder can write fitting hashes too.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from consilium.answers.dimensions import DIMENSIONS
from curation.vocabulary import USES

KINDS: Final = ("traces", "questions", "preferences")
SLUG: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
TABLE: Final = re.compile(r"[a-z][a-z_]{0,19}")
ROW_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,119}")
PATH: Final = re.compile(r"[a-z0-9_][a-z0-9_.-]*(/[a-z0-9_][a-z0-9_.-]*)*\.png")
STATUSES: Final = ("accepted", "edited", "rejected")
LONGEST_NAME: Final = 120
MOST_SIGNATURES: Final = 100
TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "traces": ("question_id", "question", "source", "specialty", "cluster", "reasoning", "answer"),
    "questions": ("question_id", "question", "source", "specialty", "cluster"),
    "preferences": ("question_id", "question", "source", "cluster", "answer_a", "answer_b"),
}
# May be missing; where they are there, they are text.
MORE_TEXTS: Final = (
    "organ_system", "department", "question_type", "modality", "body_part", "license", "answer_label",
    "answer", "specialty", "paradigm", "teacher", "model_a", "model_b", "family_a", "family_b",
    "label_origin", "external_id", "dataset", "image_name",
)  # fmt: skip
PERMISSIONS: Final = ("may_send_to_hosted", "may_train", "may_redistribute", "commercial_use")


def manifest_fault(manifest: Mapping[str, Any]) -> str:
    """Why these are no words of a manifest, or nothing; hashes are not looked at."""
    tables, left_out = manifest.get("tables"), manifest.get("left_out")
    faults = {
        "kind": manifest.get("kind") not in KINDS,
        "study": not _is_text(manifest.get("study")) or not SLUG.fullmatch(manifest["study"]),
        "name": not _is_text(manifest.get("name")) or not 0 < len(manifest["name"]) <= LONGEST_NAME,
        "created": not _is_day(manifest.get("created")),
        "tables": not _are_counts(tables) or any(not TABLE.fullmatch(name) for name in tables or ()),
        "left_out": not _are_counts(left_out),
        "signatures": not _are_signatures(manifest.get("signatures", [])),
    }
    if fault := next((name for name, is_wrong in faults.items() if is_wrong), ""):
        return f"its field {fault!r} is not as a release has it"
    return "" if (tables or {}).get(manifest["kind"]) else "it counts no row"


def row_fault(kind: str, row: Any, row_id: str, files: Mapping[str, str], sources: Collection[str]) -> str:
    """Why a row is none of a release of that kind, or nothing.

    `files`: path to SHA-256 of the release's files; `sources`: the names in its table of sources.
    """
    if not isinstance(row, dict) or row.get("id") != row_id or not ROW_ID.fullmatch(row_id):
        return "it is not the row that the manifest names"
    if lacking := next((name for name in TEXTS[kind] if not _is_text(row.get(name))), ""):
        return f"its field {lacking!r} is missing or no text"
    if odd := next((name for name in MORE_TEXTS if not isinstance(row.get(name, ""), str)), ""):
        return f"its field {odd!r} is no text"
    if row["source"] not in sources:
        return "its source is not in the table of sources"
    if row.get("split", "test" if kind != "traces" else "train") not in USES:
        return "its field 'split' is no use"
    if not _are_texts(row.get("options", {})):
        return "its options are no texts by letter"
    if not _are_texts(row.get("facets", {})):
        return "its facets are no texts by name"
    return _image_fault(row, files) or _own_fault(kind, row)


def source_fault(row: Any) -> str:
    """Why a row of the table of sources says nothing that can be relied on, or nothing."""
    is_whole = isinstance(row, dict) and all(isinstance(row.get(name), bool) for name in PERMISSIONS)
    named = is_whole and all(_is_text(row.get(name, "")) for name in ("name", "licence"))
    return "" if named else "it does not say what its source permits"


def side_row_fault(row: Any, row_id: str) -> str:
    """Why a row of a table beside is none, or nothing."""
    same = isinstance(row, dict) and row.get("id") == row_id and ROW_ID.fullmatch(row_id)
    return "" if same else "it is not the row that the manifest names"


def _image_fault(row: Mapping[str, Any], files: Mapping[str, str]) -> str:
    images, digests = row.get("images"), row.get("sha256")
    if not isinstance(images, list) or not isinstance(digests, list) or not all(map(_is_text, images)):
        return "its images are no list of paths with their hashes"
    if [files.get(path) for path in images] != digests:
        return "its images are not those of the manifest"
    return ""


def _own_fault(kind: str, row: Mapping[str, Any]) -> str:
    if kind == "preferences":
        label = row.get("label")
        fits = isinstance(label, dict) and set(label) <= set(DIMENSIONS)
        fits = fits and all(letter in ("A", "B", None) for letter in (label or {}).values())
        return "" if fits else "its label is no letter by dimension"
    if kind == "traces":
        steps = row.get("steps")
        fits = isinstance(steps, list) and all(map(_is_step, steps))
        return "" if fits else "its steps are no steps of a trace"
    return ""


def _is_step(step: Any) -> bool:
    texts = ("id", "text", "status", "original")
    return (
        isinstance(step, dict)
        and all(isinstance(step.get(name), str) for name in texts)
        and step["status"] in STATUSES
    )


def _is_text(said: Any) -> bool:
    return isinstance(said, str)


def _are_texts(said: Any) -> bool:
    return isinstance(said, dict) and all(map(_is_text, said.values()))


def _are_counts(said: Any) -> bool:
    return isinstance(said, dict) and all(
        isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in said.values()
    )


def _are_signatures(said: Any) -> bool:
    return isinstance(said, list) and len(said) <= MOST_SIGNATURES and all(map(_are_texts, said))


def _is_day(said: Any) -> bool:
    try:
        date.fromisoformat(said)
    except (TypeError, ValueError):
        return False
    return True
