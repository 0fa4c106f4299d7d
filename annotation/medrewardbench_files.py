"""Takes the files of the Med-RewardBench layout apart: pictures, lines of questions, answers and labels.

What comes out is read by the same code as any other import: pictures are rebuilt, questions are grouped by
patient and picture. Nothing is stored here but files beside the uploaded ones.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from consilium.answers.dimensions import DIMENSIONS
from consilium.refusals import Refused
from curation.imports.deidentify import RefusedItem, file_place
from curation.imports.plan import lines_of_file
from curation.imports.questions_file import LINE_BYTES, TEXT_LENGTH
from curation.imports.uploads import Received
from curation.vocabulary import ORGAN_SYSTEMS

LABELS: Final = (".jsonl", ".ndjson")
PAIRS: Final = (".parquet",)
BATCH: Final = 8
MOST_CASES: Final = 100_000
LONGEST_NAME: Final = 120
NEEDED: Final = ("image", "question", "answer1_text", "answer2_text", "question_id")
BESIDE: Final = ("dataset", "modality_type", "question_type", "image_id", "body_part")
# What this product's own exports have beside the pairs: read by people, not here.
PASSED_OVER: Final = (
    "README.md", "MANIFEST.json", "MANIFEST.jsonl", "croissant.json", "votes.parquet", "consensus.parquet",
    "responses.parquet", "readers.parquet", "LICENSE.md",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExternalCase:
    """One labelled pair as it was published; `item` and `place` say which row it is."""

    external_id: str
    answer_a: str
    answer_b: str
    label: dict[str, str]
    dataset: str
    image_name: str
    item: str
    place: str


@dataclass(slots=True)
class Unpacked:
    """New files for the importer, the cases by id, and what is refused already."""

    files: list[Received] = field(default_factory=list)
    cases: dict[str, ExternalCase] = field(default_factory=dict)
    refused: list[RefusedItem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Organ:
    """The two files of an organ system."""

    name: str
    pairs: Received
    labels: Received


class _Unfit(Refused):
    """Why one row stays out; the text is for people."""


def are_pairs(names: Sequence[str]) -> bool:
    """Whether files of these names are the layout: pairs and labels of one organ system at least."""
    return bool(_stems(names, LABELS) & _stems(names, PAIRS))


def unpack(received: Sequence[Received], folder: Path, out: Path) -> Unpacked:
    """Write each picture and each organ's questions into `out`, an empty folder. Raises OSError."""
    made = Unpacked()
    for organ in _organs(received, made):
        _unpack_organ(organ, folder, out, made)
    return made


def _stems(names: Sequence[str], endings: tuple[str, ...]) -> set[str]:
    paths = (PurePosixPath(name.lower()) for name in names)
    return {path.stem for path in paths if path.suffix in endings and path.stem in ORGAN_SYSTEMS}


def _organs(received: Sequence[Received], made: Unpacked) -> Iterator[_Organ]:
    found: dict[tuple[str, bool], Received] = {}
    for file in received:
        path = PurePosixPath(file.name)
        is_labels = path.suffix.lower() in LABELS
        key = (path.stem.lower(), is_labels)
        if path.name in PASSED_OVER or path.parent.name == "figures":
            continue
        if key[0] not in ORGAN_SYSTEMS or not (is_labels or path.suffix.lower() in PAIRS):
            made.refused.append(_refused(file, "it is no file of the Med-RewardBench layout"))
        elif key in found:
            made.refused.append(_refused(file, "another file of this organ system is in the import"))
        else:
            found[key] = file
    for name, is_labels in sorted(found):
        other = found.get((name, not is_labels))
        if other is None:
            what = "pairs (a parquet file)" if is_labels else "labels (a JSONL file)"
            made.refused.append(
                _refused(found[name, is_labels], f"the {what} of this organ system are missing")
            )
        elif is_labels:
            yield _Organ(name, other, found[name, True])


def _refused(file: Received, reason: str, at: str = "") -> RefusedItem:
    return RefusedItem(file.name + at, reason, file_place(file) + at)


def _unpack_organ(organ: _Organ, folder: Path, out: Path, made: Unpacked) -> None:
    labels, asked = _labels(organ.labels, folder, made), set()
    questions = out / _free_name(made)
    with questions.open("xb") as lines:
        made.files.append(Received(f"{organ.pairs.name}{LABELS[0]}", questions.name, 0))
        for number, row in enumerate(_rows(organ.pairs, folder, made), start=1):
            at = f" row {number}"
            asked.add(row["question_id"] if isinstance(row["question_id"], str) else "")
            try:
                case, picture, line = _case(row, organ, labels, at)
                if case.external_id in made.cases:
                    raise _Unfit(f"the id {case.external_id!r} is given twice")
            except _Unfit as unfit:
                made.refused.append(_refused(organ.pairs, str(unfit), at))
                lines.write(b"\n")  # they are counted like rows
                continue
            made.cases[case.external_id] = case
            stored = out / _free_name(made)
            stored.write_bytes(picture)
            made.files.append(Received(case.item, stored.name, len(picture)))
            lines.write(line)
    made.refused += [
        _refused(organ.labels, f"the label {name!r} is of no pair of the parquet file")
        for name in sorted(set(labels) - asked)
    ]


def _free_name(made: Unpacked) -> str:
    return f"{len(made.files):05d}"


def _labels(file: Received, folder: Path, made: Unpacked) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for number, raw in enumerate(lines_of_file(folder / file.stored), start=1):
        at = f" line {number}"
        try:
            name, label = _label(raw)
            if name in found:
                raise _Unfit(f"the id {name!r} is given twice")
            found[name] = label
        except _Unfit as unfit:
            made.refused.append(_refused(file, str(unfit), at))
    return found


def _label(raw: bytes) -> tuple[str, dict[str, str]]:
    try:
        said = json.loads(raw.decode("utf-8-sig")) if len(raw) <= LINE_BYTES else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or set(said) != {"question_id", "human_answer"}:
        raise _Unfit("the line is not an object of 'question_id' and 'human_answer'")
    name, label = said["question_id"], said["human_answer"]
    if not isinstance(name, str) or not isinstance(label, dict):
        raise _Unfit("'question_id' must be text and 'human_answer' an object")
    if set(label) != set(DIMENSIONS) or any(letter not in ("A", "B") for letter in label.values()):
        raise _Unfit("'human_answer' must give A or B for each of the six dimensions")
    return name, {dimension: label[dimension] for dimension in DIMENSIONS}


def _rows(file: Received, folder: Path, made: Unpacked) -> Iterator[dict[str, Any]]:
    """The rows of a parquet file; where it cannot be read it is refused and no more come."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(folder / file.stored) as opened:
            names = set(opened.schema_arrow.names)
            if lacking := [name for name in NEEDED if name not in names]:
                made.refused.append(_refused(file, f"it has no column {lacking[0]!r}"))
                return
            columns = [name for name in (*NEEDED, *BESIDE) if name in names]
            for batch in opened.iter_batches(batch_size=BATCH, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    if number > MOST_CASES:
                        made.refused.append(_refused(file, f"it has more than {MOST_CASES:,} rows"))
                        return
                    yield row
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        made.refused.append(_refused(file, "it is damaged or no parquet file", f" row {number + 1}"))


def _case(
    row: Mapping[str, Any], organ: _Organ, labels: Mapping[str, dict[str, str]], at: str
) -> tuple[ExternalCase, bytes, bytes]:
    """The case, the bytes of its picture, and its line of questions. Raises _Unfit."""
    name = _text(row, "question_id", longest=LONGEST_NAME)
    if name not in labels:
        raise _Unfit("its label is missing or was refused")
    if (organ_given := _optional(row, "modality_type")) not in ("", organ.name):
        raise _Unfit(f"its modality_type {organ_given[:40]!r} is not the organ system of its file")
    picture = row["image"].get("bytes") if isinstance(row["image"], dict) else None
    if not isinstance(picture, bytes) or not picture:
        raise _Unfit("its image has no bytes")
    item = organ.pairs.name + at
    case = ExternalCase(
        external_id=name,
        answer_a=_text(row, "answer1_text"),
        answer_b=_text(row, "answer2_text"),
        label=labels[name],
        dataset=_optional(row, "dataset"),
        image_name=_optional(row, "image_id"),
        item=item,
        place=file_place(organ.pairs) + at,
    )
    asked = {"id": name, "question": _text(row, "question"), "organ_system": organ.name}
    asked |= {key: said for key in ("question_type", "body_part") if (said := _optional(row, key))}
    line = json.dumps(asked | {"images": [PurePosixPath(item).name]}, ensure_ascii=False)
    return case, picture, line.encode() + b"\n"


def _optional(row: Mapping[str, Any], name: str) -> str:
    return _text(row, name, longest=LONGEST_NAME) if row.get(name) else ""


def _text(row: Mapping[str, Any], name: str, *, longest: int = TEXT_LENGTH) -> str:
    said = row.get(name)
    if not isinstance(said, str) or not said.strip() or len(said) > longest or "\0" in said:
        raise _Unfit(f"{name!r} is no text of 1 to {longest} characters")
    return said
