"""The plain layout: rows as they were frozen, one JSON object a line, the images beside."""

import json
from pathlib import Path

import pytest

from consilium.blobs.store import read_blob
from curation.releases.export import write_export
from curation.releases.freeze import rows_of, side_rows_of
from tests.factories import releases as making
from tests.factories.cast import Cast


@pytest.mark.parametrize("kind", ["traces", "questions", "preferences"])
def test_rows_and_those_behind_them_are_the_frozen_ones(cast: Cast, tmp_path: Path, kind: str) -> None:
    import datasets

    release = getattr(making, kind)(cast)
    folder = write_export(release, tmp_path / "out", layout="jsonl")
    tables = json.loads((folder / "MANIFEST.json").read_text())["tables"]
    for table, number in tables.items():
        file = folder / ("rows.jsonl" if table == kind else f"{table}.jsonl")
        read = [json.loads(line) for line in file.read_text().splitlines()]
        frozen = rows_of(release) if table == kind else side_rows_of(release, table)
        assert read == [row.content for row in frozen], table
        loaded = datasets.load_dataset(
            "json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
        )
        assert len(loaded) == number
    for row in rows_of(release):
        for path, sha256 in zip(row.content["images"], row.content["sha256"], strict=True):
            assert (folder / path).read_bytes() == read_blob(sha256)
