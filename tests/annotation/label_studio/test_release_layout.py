"""The layout for Label Studio: what its reader there shows is what our readers chose."""

import json
from pathlib import Path
from typing import Any

import pytest

from annotation.frames import to_shown
from annotation.label_studio.exchanged import screen_config
from annotation.label_studio.label_config import review_config
from annotation.label_studio.mapper import COMPARISON_KEYS, REVIEW_KEYS, review_in, vote_in
from consilium.answers.dimensions import DIMENSIONS
from curation.releases.export import write_export
from curation.releases.freeze import rows_of, side_rows_of
from tests.factories import releases as making
from tests.factories.cast import Cast

pytestmark = pytest.mark.django_db


def tasks_in(folder: Path) -> list[Any]:
    return [task for path in sorted(folder.glob("tasks-*.json")) for task in json.loads(path.read_text())]


def test_comparisons_show_a_first_and_carry_each_readers_newest_vote(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.label_studio.release_layout.TASKS_IN_A_FILE", 2)
    release = making.preferences(cast)
    folder = write_export(release, tmp_path / "out", layout="labelstudio")
    assert (folder / "label_config.xml").read_text() == screen_config()
    assert len(list(folder.glob("tasks-*.json"))) == 3
    votes = [row.content for row in side_rows_of(release, "votes")]
    for task, row in zip(tasks_in(folder), rows_of(release), strict=True):
        data, case = task["data"], row.content
        assert set(data) == set(COMPARISON_KEYS)
        assert (data["first"], data["second"]) == (case["answer_a"], case["answer_b"])
        for image, path in zip(data["images"], case["images"], strict=True):
            assert image.endswith(f"?d={path}")
            assert (folder / path).is_file()
        expected = {
            vote["reader"]: {name: to_shown(vote["choices"][name], "a") for name in DIMENSIONS}
            for vote in votes
            if vote["case_id"] == case["id"]
        }
        found = {one["model_version"]: vote_in(one["result"])["choices"] for one in task["predictions"]}
        assert (found, len(found)) == (expected, 3)


def test_a_vote_that_cannot_judge_says_why_and_who_could_be_harmed(cast: Cast, tmp_path: Path) -> None:
    release = making.preferences(cast)
    vote = side_rows_of(release, "votes")[0]
    content = vote.content | {"harm": "b", "cannot_judge": {"overall": "image_unreadable"}}
    content["choices"] = content["choices"] | {"overall": "cannot_judge"}
    (result,) = [
        one["result"]
        for one in _first_task(content, rows_of(release)[0].content)["predictions"]
        if one["model_version"] == content["reader"]
    ]
    read = vote_in(result)
    assert (read["choices"]["overall"], read["reasons"]) == (
        "cannot_judge",
        {"overall": "image_unreadable"},
    )
    assert read["harm"] == "second"


def _first_task(vote: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    from annotation.label_studio.release_layout import _comparisons

    class Frozen:
        tables = {"votes": 1}

        def rows(self, table: str = "") -> Any:
            return iter([vote] if table else [case])

    return next(iter(_comparisons(Frozen())))  # type: ignore[arg-type]


def test_reviews_show_the_steps_as_the_model_wrote_them(cast: Cast, tmp_path: Path) -> None:
    release = making.traces(cast)
    folder = write_export(release, tmp_path / "out", layout="labelstudio")
    assert (folder / "label_config.xml").read_text() == review_config()
    tasks = tasks_in(folder)
    assert len(tasks) == release.row_count
    reviews = [row.content for row in side_rows_of(release, "reviews")]
    rejected = 0
    for task, row in zip(tasks, rows_of(release), strict=True):
        assert set(task["data"]) == set(REVIEW_KEYS)
        assert len(task["data"]["steps"]) == len(row.content["steps"])
        assert all(step["text"] for step in task["data"]["steps"])
        mine = {one["reader"]: one for one in reviews if one["trace_id"] == row.content["id"]}
        assert {one["model_version"] for one in task["predictions"]} == set(mine)
        for one in task["predictions"]:
            steps = mine[one["model_version"]]["steps"]
            read = review_in(one["result"], len(steps))
            assert [read["steps"][step["id"]]["status"] for step in steps] == [
                step["status"] for step in steps
            ]
            rejected += sum(step["status"] == "rejected" for step in read["steps"].values())
    assert rejected == 3
