"""Merge candidates: which there are, which one is kept, and a whole run that is killed on its way."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.training.job.conftest import Finished, finish, merge_spec
from tests.training.job.process import at, run_stage
from tests.training.job.release import write_release
from training.job import candidates, data
from training.job.candidates import MergeCandidate, ScoredCandidate, best_of, planned
from training.job.dev_score import DevScorer
from training.job.spec import MergeSettings, SpecError, parse_spec

GRID = {"method": "candidates", "densities": [0.5], "scales": [0.5, 1.0], "max_new_tokens": 40}


def test_the_grid_and_the_other_methods() -> None:
    found = planned(MergeSettings(densities=(0.1, 0.3), scales=(0.4, 1.5), density=0.2, scale=0.9))
    assert [(one.method, one.density, one.scale) for one in found] == [
        ("ties", 0.1, 0.4),
        ("ties", 0.1, 1.5),
        ("ties", 0.3, 0.4),
        ("ties", 0.3, 1.5),
        ("linear", None, 0.9),
        ("task_arithmetic", None, 0.9),
        ("dare_ties", 0.2, 0.9),
    ]
    assert len(planned(MergeSettings())) == 27


def test_the_best_worst_specialty_is_kept_and_never_the_base() -> None:
    def scored(method: str, one: float, two: float, scale: float = 1.0) -> ScoredCandidate:
        return ScoredCandidate(MergeCandidate(method, None, scale), {"one": one, "two": two})

    base = scored("base", 0.9, 0.9)
    flat, better, lopsided = scored("linear", 0.5, 0.5), scored("ties", 0.5, 0.6), scored("ties", 1.0, 0.4)
    assert best_of([base, flat, lopsided, better]) is better
    assert best_of([base, flat, scored("ties", 0.5, 0.5, 0.4)]) is flat


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": None}, "data: merge candidates are scored on a release of dev questions"),
        ({"settings": {**GRID, "densities": [0.2, 1.5]}}, "settings.densities: needs positive numbers of at"),
        ({"settings": {**GRID, "scales": [1.0, 1.0]}}, "settings.scales: needs positive numbers, each once"),
        ({"settings": {**GRID, "scales": []}}, "settings.scales: needs positive numbers"),
        ({"settings": {**GRID, "scales": ["1"]}}, "settings.scales: '1' has the wrong type"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    asked = {"stage": "merge", "base": "b", "out": "o", "experts": ["e"], "data": "d", "settings": GRID}
    with pytest.raises(SpecError, match=message):
        parse_spec(asked | change)


def test_only_dev_questions_are_read(tmp_path: Path) -> None:
    folder = write_release(tmp_path, 8)
    with pytest.raises(SpecError, match="holds no dev question"):
        data.load_questions(folder)
    splits = ("train", "dev", "test", "dev", "dev", "dev", "test", "train")
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    for row, split in zip(rows, splits, strict=True):
        row["split"] = split
        del row["reasoning"]
    rows[3]["options"], rows[4]["specialty"] = {}, ""
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = data.load_questions(folder)
    assert [question.id for question in found] == ["t1", "t5"]
    assert all(question.reply == "" and question.gold in question.options for question in found)


def test_candidates_killed_go_on_where_they_were(bench: Path, dsa: Finished, gba: Finished) -> None:
    folder = write_release(bench / "questions", 4, seed=31)
    text = (folder / "rows.jsonl").read_text()
    (folder / "rows.jsonl").write_text(text.replace('"split": "train"', '"split": "dev"'))
    spec = merge_spec(bench, "candidates", dsa.out, gba.out) | {"data": str(folder), "settings": GRID}
    _, status = run_stage(spec, at("step", 3))
    assert status == -signal.SIGKILL
    scored = json.loads((Path(spec["out"]) / candidates.SCORED).read_text())
    assert len(scored) >= 3
    done = finish(spec)
    start = done.events[0]
    assert (start["total_steps"], start["resumed_from"]) == (7, len(scored))
    told = [event for event in done.events if event["event"] == "candidate"]
    assert [event["method"] for event in told] == [
        "base",
        "ties",
        "ties",
        "linear",
        "task_arithmetic",
        "dare_ties",
    ]
    steps = [event["step"] for event in done.events if event["event"] == "step"]
    assert steps == list(range(len(scored) + 1, 8))
    card = json.loads((done.out / "run_card.json").read_text())
    assert card["candidates"][: len(scored)] == scored  # they were not scored again
    assert all(len(one["scores"]) == 4 for one in scored)
    assert card["chosen"]["worst"] == max(one["worst"] for one in card["candidates"][1:])
    assert card["metrics"]["dev_worst"] == card["chosen"]["worst"]
    assert card["layers"]
    # What was scored in memory is what lies on disk.
    published = parse_spec(spec | {"base": str(done.out / "model"), "out": str(bench / "unused")})
    assert DevScorer(published).scores(lambda: None) == card["chosen"]["scores"]
