"""Rows of a release as the tables of an export hold them."""

from collections.abc import Iterator
from typing import Any

from consilium.answers.dimensions import DIMENSIONS
from curation.layouts.reader import ReleaseReader


def with_pixels(reader: ReleaseReader, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its images as bytes and file name, its options as letter and text."""
    images = [{"bytes": reader.read(path), "path": path.rsplit("/", 1)[-1]} for path in row.get("images", [])]
    options = [{"letter": letter, "content": text} for letter, text in sorted(row.get("options", {}).items())]
    return row | {"images": images, "options": options}


def consensus_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One row per dimension of a case: its label, the votes and who decided."""
    for dimension in DIMENSIONS:
        votes = case.get("votes", {}).get(dimension, {})
        yield {
            "case_id": case["id"],
            "dimension": dimension,
            "label": case["label"].get(dimension),
            "votes_a": votes.get("A"),
            "votes_b": votes.get("B"),
            "cannot_judge": votes.get("cannot_judge"),
            "is_adjudicated": case.get("adjudicated", {}).get(dimension),
        }


def responses_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Which model wrote which answer of a case."""
    for side in ("a", "b"):
        yield {
            "case_id": case["id"],
            "question_id": case.get("question_id"),
            "side": side.upper(),
            "model": case.get(f"model_{side}"),
            "family": case.get(f"family_{side}"),
            "text": case.get(f"answer_{side}"),
        }
