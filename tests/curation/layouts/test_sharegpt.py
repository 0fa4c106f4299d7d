"""The layout for LLaMA-Factory, held against what its parser, converter and mm_plugin ask for."""

import json
from pathlib import Path
from typing import Any

import pytest

from curation.releases.export import write_export
from tests.factories import releases as making
from tests.factories.cast import Cast

# What its parser reads of an entry, its columns and tags; it passes over other keys in silence.
ENTRY = {
    "hf_hub_url", "ms_hub_url", "script_url", "file_name", "formatting", "ranking", "subset", "split",
    "folder", "num_samples", "columns", "tags",
}  # fmt: skip
COLUMNS = {"messages", "system", "tools", "images", "videos", "audios", "chosen", "rejected", "kto_tag"}
TAGS = {
    "role_tag", "content_tag", "user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag",
}  # fmt: skip
PLACES = ("<image>", "<video>", "<audio>")


@pytest.mark.parametrize("kind", ["traces", "preferences"])
def test_the_loader_finds_every_file_and_takes_every_row(cast: Cast, tmp_path: Path, kind: str) -> None:
    import datasets

    release = getattr(making, kind)(cast)
    folder = write_export(release, tmp_path / "out", layout="sharegpt")
    info = json.loads((folder / "dataset_info.json").read_text())
    assert list(info) == [f"consilium_{'train' if kind == 'traces' else 'test'}"]
    rows = 0
    for entry in info.values():
        assert set(entry) <= ENTRY
        assert set(entry["columns"]) <= COLUMNS
        assert set(entry["tags"]) <= TAGS
        assert entry["formatting"] == "sharegpt"
        assert entry.get("ranking", False) is (kind == "preferences")
        # As its loader does: the builder by the ending, the split being "train" whatever the file is called.
        loaded = datasets.load_dataset(
            "json",
            data_files=[str(folder / entry["file_name"])],
            split="train",
            cache_dir=str(tmp_path / "cache"),
        )
        for row in loaded:
            check_row(row, entry, folder)
        rows += len(loaded)
    assert rows == release.row_count


def check_row(row: dict[str, Any], entry: dict[str, Any], folder: Path) -> None:
    """Raise AssertionError where SharegptDatasetConverter would skip the row, or mm_plugin refuse it."""
    columns, tags = entry["columns"], entry["tags"]
    messages = row[columns["messages"]]
    roles = [message[tags["role_tag"]] for message in messages]
    turns = (tags["user_tag"], tags["assistant_tag"])
    assert roles == [turns[number % 2] for number in range(len(roles))]
    assert len(messages) % 2 == (1 if entry.get("ranking") else 0)
    replies = [row[columns[name]] for name in ("chosen", "rejected") if name in columns]
    assert len(replies) == (2 if entry.get("ranking") else 0)
    assert all(reply[tags["role_tag"]] == tags["assistant_tag"] for reply in replies)
    images = row[columns["images"]]
    for one in replies or [{}]:
        spoken = [*messages, *([one] if one else [])]
        texts = "".join(message[tags["content_tag"]] for message in spoken)
        assert [texts.count(place) for place in PLACES] == [len(images), 0, 0]
    assert all((folder / path).is_file() for path in images)


def test_conversations_say_what_was_reviewed_and_words_like_places_are_words(
    cast: Cast, tmp_path: Path
) -> None:
    folder = write_export(making.traces(cast), tmp_path / "out", layout="sharegpt")
    plain, edited, rejected, odd = map(json.loads, (folder / "train.jsonl").read_text().splitlines())
    assert plain["messages"][1]["content"] == (
        "<think>The field is red.\nRed means A.</think><answer>A</answer>"
    )
    assert "<think>The field is crimson.\n" in edited["messages"][1]["content"]
    assert rejected["messages"][1]["content"] == "<think>The field is red.</think><answer>A</answer>"
    assert rejected["messages"][0]["content"].startswith("<image><image>What does picture 2 show?")
    assert odd["messages"][0]["content"].startswith("<image>Which tag is (image), and which (video)?")


def test_pairs_prefer_what_the_readers_preferred_overall(cast: Cast, tmp_path: Path) -> None:
    from curation.releases.freeze import rows_of

    release = making.preferences(cast)
    folder = write_export(release, tmp_path / "out", layout="sharegpt")
    pairs = {pair["id"]: pair for pair in map(json.loads, (folder / "test.jsonl").read_text().splitlines())}
    for row in rows_of(release):
        case, pair = row.content, pairs[row.row_id]
        better, worse = ("a", "b") if case["label"]["overall"] == "A" else ("b", "a")
        assert pair["chosen"]["content"] == case[f"answer_{better}"]
        assert pair["rejected"]["content"] == case[f"answer_{worse}"]
