"""The layout that Label Studio imports: tasks in files of bounded size, its labelling configuration, images.

Every reader's newest vote or review comes as a prediction under their pseudonym: an annotation would name an
account of the server that nobody here knows. Words that readers wrote are not in a release.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

from annotation.frames import to_shown
from annotation.label_studio.exchanged import screen_config
from annotation.label_studio.label_config import (
    HARM,
    QUESTION,
    WHOLE,
    decision_on,
    reason_of,
    review_config,
)
from annotation.label_studio.mapper import comparison_data, question_text, review_data
from consilium.answers.dimensions import DIMENSIONS
from curation.layouts.reader import ReleaseReader
from curation.layouts.registry import Layout, Tell, Written
from curation.releases.materialise import write_files
from curation.traces.review_schema import REJECTED

TASKS_IN_A_FILE: Final = 500
# Where a server reads files of its own disk, when LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT is this folder.
LOCAL_FILE: Final = "/data/local-files/?d={path}"
FIRST: Final = "a"


def write_labelstudio(reader: ReleaseReader, folder: Path, tell: Tell) -> Written:
    """`tasks-00001.json` and so on, `label_config.xml`, `images/`."""
    is_comparison = reader.kind == "preferences"
    config = screen_config() if is_comparison else review_config()
    (folder / "label_config.xml").write_text(config, encoding="utf-8")
    tasks = _comparisons(reader) if is_comparison else _reviews(reader)
    done = 0
    for number, part in enumerate(iter(lambda: list(islice(tasks, TASKS_IN_A_FILE)), []), start=1):
        lines = ",\n".join(json.dumps(task, ensure_ascii=False) for task in part)
        (folder / f"tasks-{number:05d}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        done += len(part)
        tell(done, reader.count())
    write_files(reader.release, folder)
    return Written(
        files={
            "tasks": "`tasks-*.json`: tasks to import, the readers' choices as predictions",
            "config": "`label_config.xml`: the labelling configuration of the project",
            "images": "`images/`: PNG files; the server reads them where its document root is this folder",
        }
    )


def _comparisons(reader: ReleaseReader) -> Iterator[dict[str, Any]]:
    votes = _Behind(reader, "votes", "case_id")
    for row in reader.rows():
        data = comparison_data(
            order_key=row["id"],
            question=question_text(row["question"], row.get("options") or {}),
            images=_images(row),
            answers=(row["answer_a"], row["answer_b"]),
            first=FIRST,
        )
        yield {"data": data, "predictions": [_prediction(vote, _vote(vote)) for vote in votes.of(row["id"])]}


def _reviews(reader: ReleaseReader) -> Iterator[dict[str, Any]]:
    reviews = _Behind(reader, "reviews", "trace_id")
    for row in reader.rows():
        data = review_data(
            order_key=row["id"],
            question=question_text(row["question"], row.get("options") or {}, row.get("answer_label") or ""),
            images=_images(row),
            steps=[step["original"] or step["text"] for step in row["steps"]],
            answer=row.get("answer") or "",
        )
        made = [_prediction(review, _review(review)) for review in reviews.of(row["id"])]
        yield {"data": data, "predictions": made}


class _Behind:
    """The newest rows of a table behind the release's rows, which stand in the order of those."""

    def __init__(self, reader: ReleaseReader, table: str, key: str) -> None:
        rows = reader.rows(table) if table in reader.tables else iter(())
        self._groups = groupby(rows, key=lambda row: row[key])
        self._next = next(self._groups, None)

    def of(self, row_id: str) -> list[dict[str, Any]]:
        """Those of one row."""
        if self._next is None or self._next[0] != row_id:
            return []
        found = [row for row in self._next[1] if row["is_newest"]]
        self._next = next(self._groups, None)
        return found


def _prediction(row: Mapping[str, Any], result: list[dict[str, Any]]) -> dict[str, Any]:
    return {"model_version": row["reader"], "result": result}


def _vote(vote: Mapping[str, Any]) -> list[dict[str, Any]]:
    made = []
    for dimension in DIMENSIONS:
        choice = vote["choices"].get(dimension)
        if choice:
            made.append(_chosen(dimension, QUESTION, to_shown(choice, FIRST)))
        if reason := vote["cannot_judge"].get(dimension):
            made.append(_chosen(reason_of(dimension), QUESTION, reason))
    harm = {"a": "first", "b": "second"}.get(vote["harm"], vote["harm"])
    return [*made, _chosen(HARM, QUESTION, harm)] if harm and harm != "neither" else made


def _review(review: Mapping[str, Any]) -> list[dict[str, Any]]:
    made = []
    for place, step in enumerate(review["steps"]):
        name, shows = decision_on(place), f"text_{place}"
        made.append(_chosen(name, shows, step["status"]))
        if step["status"] == REJECTED and step["reason"]:
            made.append(_chosen(reason_of(name), shows, step["reason"]))
    whole = review["decision"] == REJECTED
    return [*made, _chosen(WHOLE, QUESTION, REJECTED)] if whole else made


def _chosen(control: str, shows: str, choice: str) -> dict[str, Any]:
    return {"from_name": control, "to_name": shows, "type": "choices", "value": {"choices": [choice]}}


def _images(row: Mapping[str, Any]) -> list[str]:
    return [LOCAL_FILE.format(path=path) for path in row.get("images") or ()]


LABELSTUDIO: Final = Layout(
    name="labelstudio",
    label="Label Studio",
    meaning="tasks to import there, each reader's choices as predictions",
    kinds=frozenset({"traces", "preferences"}),
    write=write_labelstudio,
)
