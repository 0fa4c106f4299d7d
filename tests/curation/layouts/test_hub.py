"""The layout for the Hub: every table loads by its name, with the types that are written down."""

import io
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image as Picture

from consilium.blobs.store import read_blob
from curation.layouts import parquet
from curation.layouts.schemas import COLUMNS, schema_of
from curation.models import Release
from curation.releases.export import write_export
from curation.releases.freeze import rows_of, side_rows_of
from tests.factories import releases as making
from tests.factories.cast import Cast

TABLES = {
    "traces": {"traces", "readers", "reviews", "guidelines", "sources"},
    "questions": {"questions", "guidelines", "sources"},
    "preferences": {"preferences", "consensus", "responses", "votes", "readers", "guidelines", "sources"},
}
SPLIT = {"traces": "train", "questions": "test", "preferences": "test"}


def load(folder: Path, table: str, split: str, cache: Path) -> Any:
    import datasets

    return datasets.load_dataset(str(folder), table, split=split, cache_dir=str(cache))


def tables_on_card(folder: Path) -> set[str]:
    """The configurations that the card declares."""
    head = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    return {entry["config_name"] for entry in head["configs"]}


@pytest.mark.parametrize("kind", list(TABLES))
def test_every_table_loads_by_its_name_with_the_types_of_the_schema(
    cast: Cast, tmp_path: Path, kind: str
) -> None:
    release = getattr(making, kind)(cast)
    folder = write_export(release, tmp_path / "out")
    assert tables_on_card(folder) == TABLES[kind]
    for table in TABLES[kind]:
        loaded = load(folder, table, SPLIT[kind], tmp_path / "cache")
        wanted = schema_of(COLUMNS[table])
        assert loaded.column_names == wanted.names, table
        (file,) = sorted((folder / "data" / table).glob("*.parquet"))
        assert pq.read_schema(file).remove_metadata() == wanted.remove_metadata(), table
        assert len(loaded) == _rows(release, table)
    stored = [row.content for row in rows_of(release)]
    images_decode_to_stored_pixels(load(folder, kind, SPLIT[kind], tmp_path / "cache"), stored)


def images_decode_to_stored_pixels(loaded: Any, stored: list[dict[str, Any]]) -> None:
    assert [row["id"] for row in loaded] == [row["id"] for row in stored]
    for row, expected in zip(loaded, stored, strict=True):
        assert len(row["images"]) == len(expected["sha256"])
        for picture, sha256 in zip(row["images"], expected["sha256"], strict=True):
            kept = Picture.open(io.BytesIO(read_blob(sha256)))
            assert (picture.mode, picture.size, picture.tobytes()) == (kept.mode, kept.size, kept.tobytes())


def _rows(release: Release, table: str) -> int:
    cases = release.row_count
    derived = {release.kind: cases, "consensus": 6 * cases, "responses": 2 * cases}
    return derived.get(table) or side_rows_of(release, table).count()


def test_rows_say_what_was_frozen(cast: Cast, tmp_path: Path) -> None:
    release = making.preferences(cast)
    folder = write_export(release, tmp_path / "out")
    cases = {row["id"]: row for row in load(folder, "preferences", "test", tmp_path / "cache")}
    for row in rows_of(release):
        case, frozen = cases[row.row_id], row.content
        assert case["label"] == frozen["label"]
        assert case["votes"] == frozen["votes"]
        assert case["adjudicated"] == frozen["adjudicated"]
        for name in ("question", "answer_a", "answer_b", "model_a", "family_b", "organ_system", "cluster"):
            assert case[name] == frozen[name], name
        assert {one["letter"]: one["content"] for one in case["options"]} == frozen["options"]
    votes = load(folder, "votes", "test", tmp_path / "cache")
    assert [vote["id"] for vote in votes] == [row.row_id for row in side_rows_of(release, "votes")]
    assert {vote["choices"]["creativity"] for vote in votes} == {"b_clearly"}
    consensus = load(folder, "consensus", "test", tmp_path / "cache")
    labels = {(one["case_id"], one["dimension"]): one["label"] for one in consensus}
    assert labels == {
        (row.row_id, name): label for row in rows_of(release) for name, label in row.content["label"].items()
    }


@pytest.mark.parametrize("table", ["preferences", "votes"])
def test_many_rows_lie_in_several_shards_that_load_as_one_table(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    release = making.preferences(cast)
    whole = load(write_export(release, tmp_path / "whole"), table, "test", tmp_path / "a")
    monkeypatch.setattr(parquet, "GROUP_ROWS", 2)
    monkeypatch.setattr(parquet, "SHARD_BYTES", 1)
    folder = write_export(release, tmp_path / "parts")
    number = (len(whole) + 1) // 2
    names = [path.name for path in sorted((folder / "data" / table).iterdir())]
    assert names == [f"test-{at:05d}-of-{number:05d}.parquet" for at in range(number)]
    parts = load(folder, table, "test", tmp_path / "b")
    assert (parts.features, parts.to_list()) == (whole.features, whole.to_list())
    monkeypatch.setattr(parquet, "SHARD_BYTES", 1 << 30)
    (file,) = sorted((write_export(release, tmp_path / "groups") / "data" / table).iterdir())
    assert pq.ParquetFile(file).num_row_groups == number
