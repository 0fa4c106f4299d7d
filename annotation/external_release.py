"""External labels as a preference release of their own: judges are scored on it like on any other."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from annotation.models import ExternalLabel
from consilium.people.models import Person, Study
from curation.images.access import model_image_blobs_of
from curation.models import Release, ReleaseKind, Use
from curation.releases.contents import Gathered, NewRow
from curation.releases.freeze import freeze
from curation.releases.registry import Freezer
from curation.states import QuestionState

ORIGIN: Final = "external"
PART: Final = 500
COLUMNS: Final = (
    "pk", "external_id", "answer_a", "answer_b", "label", "dataset", "image_name", "question_id",
    "question__state", "question__cluster_id", "question__cluster__use", "question__text",
    "question__options", "question__organ_system", "question__department", "question__modality",
    "question__specialty", "question__question_type", "question__body_part", "question__source__name",
    "question__source__licence",
)  # fmt: skip


def freeze_external(*, study: Study, name: str, by: Person, derived_from: Release | None = None) -> Release:
    """Freeze the external labels whose questions are ready. Raises what `freeze` raises."""
    gathered = Gathered()
    return freeze(
        study=study,
        kind=ReleaseKind.PREFERENCES,
        name=name,
        rows=external_rows(study, gathered),
        left_out=gathered.left_out,
        by=by,
        derived_from=derived_from,
    )


def external_count(study: Study) -> int:
    """How many rows such a release has at most now."""
    return ExternalLabel.objects.filter(study=study).count()


def external_rows(study: Study, gathered: Gathered) -> Iterator[NewRow]:
    """A row for each label; no vote stands behind it."""
    waiting = ExternalLabel.objects.filter(study=study).order_by("pk").values(*COLUMNS).iterator(PART)
    while part := list(islice(waiting, PART)):
        shown = model_image_blobs_of({label["question_id"] for label in part})
        for label in part:
            blobs = shown[label["question_id"]]
            if reason := _reason_to_leave(label, blobs):
                gathered.leave(reason, label["question_id"])
            else:
                yield _row(label, blobs or [])


def _reason_to_leave(label: dict[str, Any], shown: list[str] | None) -> str:
    if label["question__cluster__use"] != Use.TEST:
        return "question kept for training"
    if label["question__state"] != QuestionState.READY:
        return f"question {QuestionState(label['question__state']).label.lower()}"
    return "an image was withdrawn or waits for its pixel review" if shown is None else ""


def _row(label: dict[str, Any], blobs: list[str]) -> NewRow:
    files = {f"images/{sha256[:16]}.png": sha256 for sha256 in blobs}
    row_id = f"external-{label['pk']}"
    content = {
        "id": row_id,
        "external_id": label["external_id"],
        "label_origin": ORIGIN,
        "question_id": f"question-{label['question_id']}",
        "question": label["question__text"],
        "options": label["question__options"],
        "images": list(files),
        "sha256": list(files.values()),
        "answer_a": label["answer_a"],
        "answer_b": label["answer_b"],
        "label": label["label"],
        "dataset": label["dataset"],
        "image_name": label["image_name"],
        "organ_system": label["question__organ_system"],
        "department": label["question__department"],
        "modality": label["question__modality"],
        "question_type": label["question__question_type"],
        "body_part": label["question__body_part"],
        "specialty": label["question__specialty"],
        "license": label["question__source__licence"],
        "source": label["question__source__name"],
        "cluster": f"cluster-{label['question__cluster_id']}",
    }
    return NewRow(row_id=row_id, content=content, files=files)


EXTERNAL: Final = Freezer(
    kind=ORIGIN,
    label="External labels",
    meaning="imported pairs with the labels that others published, to score judges on",
    freeze=freeze_external,
    rows=external_rows,
    place="curation:question",
    count=external_count,
    makes=ReleaseKind.PREFERENCES,
)
