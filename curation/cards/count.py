"""Counts what the cards of a release say, reading its rows one at a time. Pure: it is given a reader."""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import numpy as np

from consilium.answers.dimensions import DIMENSIONS
from curation.cards.compact import NOTHING, Choices, Marked
from curation.cards.facts import (
    LabelFacts,
    ReaderFacts,
    ReleaseDifference,
    ReleaseFacts,
    SourceFacts,
    StepFacts,
    WorkFacts,
)
from curation.cards.languages import languages_in

READ_FOR_LANGUAGE: Final = 500
SIDES: Final = {"a": 0, "b": 1}
STATUSES: Final = ("accepted", "edited", "rejected")
DECISION, STEP = "whole trace", "single step"


class FrozenTables(Protocol):
    """What is asked of a frozen release: its kind, its manifest, its rows, and how loaders name a split."""

    kind: str
    manifest: dict[str, Any]
    tables: dict[str, int]

    def rows(self, table: str = "") -> Iterator[dict[str, Any]]:
        """The rows of the release, or of one table behind it."""

    def split_of(self, row: dict[str, Any]) -> str:
        """The row's split."""


def count_release(
    reader: FrozenTables,
    *,
    name: str,
    digest: str,
    sources: list[dict[str, Any]],
    signatures: list[dict[str, str]],
    credited: list[str],
    changes: ReleaseDifference | None,
) -> ReleaseFacts:
    """Everything the cards say. Memory: counters, and some bytes for each row, vote and reviewed step."""
    rows, work = _Rows(reader), _Work()
    for row in reader.rows():
        rows.add(row)
    takers = {"votes": work.take_vote, "reviews": work.take_review, "adjudications": work.take_decision}
    for table, take in takers.items():
        for row in reader.rows(table) if table in reader.tables else ():
            take(row)
    manifest = reader.manifest
    agreement, twice = work.agreement(rows.marked)
    return ReleaseFacts(
        name=name,
        kind=reader.kind,
        study=manifest["study"],
        digest=digest,
        frozen=manifest["created"][:7],
        tables=dict(reader.tables),
        **_files(manifest),
        **rows.facts(),
        left_out=dict(sorted(manifest["left_out"].items())),
        readers=work.readers(reader.rows("readers") if "readers" in reader.tables else iter(())),
        credits=credited,
        work=work.facts(),
        agreement=agreement,
        twice_read=twice,
        protocol=manifest.get("protocol"),
        guidelines=[
            (row["number"], row["week"])
            for row in (reader.rows("guidelines") if "guidelines" in reader.tables else ())
        ],
        guideline_version=manifest.get("guideline_version"),
        sources=[_source(source) for source in sources],
        signatures=signatures,
        derived_from=manifest.get("derived_from") or "",
        changes=changes,
    )


class _Rows:
    """Counts of the release's own rows."""

    def __init__(self, reader: FrozenTables) -> None:
        self._reader, self.marked = reader, Marked()
        self._counts: dict[str, Counter[Any]] = {
            key: Counter()
            for key in ("split", "place", "modality", "specialty", "source", "paradigm", "model", "step")
        }
        self._labels: Counter[tuple[str, str]] = Counter()
        self._with_options, self._texts = 0, list[str]()

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one row."""
        self.marked.add(row["id"], row.get("cluster") or row["id"])
        told = {
            "split": self._reader.split_of(dict(row)),
            "place": (row.get("organ_system") or "", row.get("department") or ""),
            **{key: row.get(key) or "" for key in ("modality", "specialty", "source", "paradigm")},
        }
        for key, value in told.items():
            self._counts[key][value] += 1
        self._with_options += bool(row.get("options"))
        if len(self._texts) < READ_FOR_LANGUAGE:
            self._texts.append(str(row.get("question", "")))
        for side in ("a", "b"):
            if row.get(f"model_{side}"):
                self._counts["model"][row[f"model_{side}"], row.get(f"family_{side}") or ""] += 1
        if row.get("teacher"):
            self._counts["model"]["", row["teacher"]] += 1
        for step in row.get("steps") or ():
            self._counts["step"][row.get("specialty") or "", step["status"]] += 1
        self._count_labels(row)

    def _count_labels(self, row: Mapping[str, Any]) -> None:
        labels, adjudicated = row.get("label"), row.get("adjudicated") or {}
        if labels is None:
            return
        for dimension in DIMENSIONS:
            self._labels[dimension, labels.get(dimension) or "none"] += 1
            self._labels[dimension, "adjudicated"] += bool(adjudicated.get(dimension))

    def facts(self) -> dict[str, Any]:
        """The counts under the names that ReleaseFacts has for them."""
        counts = self._counts
        return {
            "rows": len(self.marked),
            "clusters": self.marked.clusters,
            "has_options": self._with_options,
            "languages": languages_in(self._texts),
            "splits": _sorted(counts["split"]),
            "places": [(*place, number) for place, number in sorted(counts["place"].items())],
            "modalities": _sorted(counts["modality"]),
            "specialties": _sorted(counts["specialty"]),
            "rows_by_source": _sorted(counts["source"]),
            "paradigms": _sorted(counts["paradigm"]) if any(counts["paradigm"]) else {},
            "models": [(*model, number) for model, number in sorted(counts["model"].items())],
            "steps": [
                StepFacts(specialty, *(counts["step"][specialty, status] for status in STATUSES))
                for specialty in sorted({specialty for specialty, _ in counts["step"]})
            ],
            "labels": [
                LabelFacts(name, *(self._labels[name, key] for key in ("A", "B", "none", "adjudicated")))
                for name in DIMENSIONS
                if self._labels
            ],
        }


class _Work:
    """Counts of votes, adjudications and reviews: of the newest version of each, except where named."""

    def __init__(self) -> None:
        self._votes = Choices(DIMENSIONS, 2)
        self._decisions, self._steps = Choices([DECISION], len(STATUSES)), Choices([STEP], len(STATUSES))
        self._by_reader: dict[str, Counter[str]] = {}
        self._numbers, self._guidelines, self._elsewhere = Counter[str](), Counter[str](), Counter[str]()
        self._seconds, self._weeks = array("l"), set[str]()

    def take_vote(self, row: Mapping[str, Any]) -> None:
        """Count one version of a vote."""
        if not self._is_newest(row, row["reader"], "votes"):
            return
        chosen = [SIDES.get((row["choices"].get(name) or "-")[0], NOTHING) for name in DIMENSIONS]
        self._votes.add(row["case_id"], chosen)
        self._numbers["shown_first_a"] += row["shown_first"] == "A"
        self._numbers["harm"] += row.get("harm") not in (None, "", "neither")
        self._numbers["cannot_judge"] += chosen.count(NOTHING)

    def take_review(self, row: Mapping[str, Any]) -> None:
        """Count one version of a review."""
        if not self._is_newest(row, row["reader"], "reviews"):
            return
        self._decisions.add(row["trace_id"], [_status(row["decision"])])
        for step in row["steps"]:
            self._steps.add(f"{row['trace_id']} {step['id']}", [_status(step["status"])], of=row["trace_id"])

    def take_decision(self, row: Mapping[str, Any]) -> None:
        """Count one version of an adjudication for the adjudicator."""
        self._by_reader.setdefault(row["senior"], Counter())["decisions"] += row["version"] == 1

    def _is_newest(self, row: Mapping[str, Any], reader: str, what: str) -> bool:
        if not row["is_newest"]:
            self._numbers["replaced"] += 1
            return False
        self._by_reader.setdefault(reader, Counter())[what] += 1
        self._numbers["newest"] += 1
        self._numbers["surplus"] += bool(row["is_surplus"])
        self._guidelines[str(row["guideline_version"] or "none")] += 1
        self._weeks.add(row["week"])
        if row.get("taken_at"):
            self._elsewhere[row["taken_at"]] += 1
        if row["seconds_active"] is not None:
            self._seconds.append(row["seconds_active"])
        return True

    def agreement(self, marked: Marked) -> tuple[list[Any], int]:
        """Rows of agreement, and how many cases or traces were read by two or more."""
        votes = self._votes.agreement(marked)
        if votes:
            return votes, self._votes.twice
        if not self._decisions.twice:
            return [], 0
        return (
            self._decisions.agreement(marked) + self._steps.agreement(marked),
            self._decisions.twice,
        )

    def readers(self, frozen: Iterator[dict[str, Any]]) -> list[ReaderFacts]:
        """Everybody who read, as frozen; releases of earlier formats tell the pseudonym alone."""
        told = {row["id"]: row for row in frozen}
        return [
            ReaderFacts(
                name=name,
                role=told.get(name, {}).get("role", ""),
                specialty=told.get(name, {}).get("specialty", ""),
                **{key: done[key] for key in ("votes", "decisions", "reviews")},
            )
            for name, done in sorted(self._by_reader.items())
        ]

    def facts(self) -> WorkFacts:
        """The counts of all readers together."""
        numbers, weeks = self._numbers, sorted(self._weeks)
        return WorkFacts(
            **{
                key: numbers[key]
                for key in ("newest", "replaced", "surplus", "shown_first_a", "harm", "cannot_judge")
            },
            seconds=int(np.median(np.frombuffer(self._seconds, dtype="l"))) if self._seconds else None,
            weeks=[weeks[0], weeks[-1]] if weeks else [],
            guidelines=dict(sorted(self._guidelines.items())),
            elsewhere=_sorted(self._elsewhere),
        )


def _status(word: str) -> int:
    return STATUSES.index(word) if word in STATUSES else NOTHING


def _sorted(counts: Counter[Any]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _files(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """How many images there are and their bytes; a manifest of the first format lists them."""
    files = manifest["files"]
    if isinstance(files, list):
        return {"images": len(files), "image_bytes": sum(file["size"] for file in files)}
    return {"images": files["number"], "image_bytes": files["bytes"]}


def _source(row: Mapping[str, Any]) -> SourceFacts:
    return SourceFacts(
        name=row["name"],
        licence=row["licence"],
        citation=row["citation"],
        ethics_reference=row["ethics_reference"],
        is_synthetic=row["is_synthetic"],
        commercial_use=row.get("commercial_use"),
    )
