"""A work kind for the tests: one required choice, a note, nothing else."""

from collections.abc import Sequence
from typing import Any

from consilium.people.models import Person
from consilium.workqueue import kinds
from consilium.workqueue.models import Submission, WorkItem

NAME = "test"
projected: list[int] = []


def validate(item: WorkItem, content: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    errors = dict.fromkeys(set(content) - {"choices", "note"}, "There is no such field.")
    if content.get("choices", {}).get("accuracy") not in {"first", "second"}:
        errors["choices.accuracy"] = "Choose one."
    if errors:
        raise kinds.InvalidContent(errors)
    return {"choices": content["choices"], "note": str(content.get("note", "")).strip()}


def project(submission: Submission) -> None:
    projected.append(submission.pk)


def shown_for(item: WorkItem, person: Person, others: Sequence[kinds.Shown]) -> dict[str, Any]:
    return {"first": "b" if item.object_id % 2 else "a"}


KIND = kinds.WorkKind(
    name=NAME,
    label="Test work",
    schema_version=1,
    screen="test-work",
    validate=validate,
    project=project,
    shown_for=shown_for,
)
