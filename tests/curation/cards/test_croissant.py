"""Croissant metadata: mlcroissant accepts it, and reads the records of the files that it names."""

import warnings
from pathlib import Path
from typing import Any

import pytest

from curation.models import Release
from curation.releases.export import write_export
from curation.releases.freeze import rows_of

# rdflib, which mlcroissant reads JSON-LD with, warns of its own names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def metadata(folder: Path) -> Any:
    import mlcroissant

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mlcroissant.Dataset(folder / "croissant.json")


@pytest.mark.parametrize("layout", ["hub", "jsonl", "medrewardbench"])
def test_mlcroissant_validates_every_layout_that_has_it(
    preferences: Release, tmp_path: Path, layout: str
) -> None:
    folder = write_export(preferences, tmp_path / "out", layout=layout)
    found = metadata(folder).metadata
    assert found.ctx.issues.errors == set()
    assert found.ctx.issues.warnings == set()
    expected = {
        "hub": ["preferences", "consensus", "responses", "guidelines", "readers", "sources", "votes"],
        "jsonl": ["preferences", "guidelines", "readers", "sources", "votes"],
        "medrewardbench": ["chest"],
    }
    assert [records.id for records in found.record_sets] == expected[layout]
    assert found.license == ["https://creativecommons.org/licenses/by/4.0/"]


@pytest.mark.parametrize("layout", ["hub", "jsonl"])
def test_its_records_are_those_of_the_files(preferences: Release, tmp_path: Path, layout: str) -> None:
    dataset = metadata(write_export(preferences, tmp_path / "out", layout=layout))
    votes = list(dataset.records("votes"))
    assert len(votes) == 12
    assert {vote["votes/choices"]["votes/choices/overall"] for vote in votes} <= {b"a_clearly", b"b_clearly"}
    assert {row["preferences/id"] for row in dataset.records("preferences")} == {
        row.row_id.encode() for row in rows_of(preferences)
    }
    assert [reader["readers/role"] for reader in dataset.records("readers")] == [b"annotator"] * 3


def test_a_trace_release_is_described_with_its_steps(traces: Release, tmp_path: Path) -> None:
    found = metadata(write_export(traces, tmp_path / "out")).metadata
    assert (found.ctx.issues.errors, found.ctx.issues.warnings) == (set(), set())
    fields = {field.id for records in found.record_sets for field in records.fields}
    assert {"traces/steps", "reviews/steps", "traces/images"} <= fields
