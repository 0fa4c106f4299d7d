"""Hands the settled cases of a study to curation, which freezes them into a preference release."""

from collections.abc import Iterator
from typing import Any

from annotation.models import Case, Consensus
from annotation.states import CaseState
from consilium.people.models import Person, Study
from curation.images.access import all_released, model_image_blobs
from curation.models import Release, ReleaseKind, Use
from curation.releases.freeze import NewRow, freeze
from curation.releases.registry import Freezer
from curation.states import QuestionState

LEFT_OUT = {
    CaseState.DRAFT: "not opened",
    CaseState.OPEN: "still open",
    CaseState.QUIET: "in its quiet period",
    CaseState.DISPUTED: "disputed",
    CaseState.STALLED: "nobody eligible left",
    CaseState.EXCLUDED: "excluded",
}


def freeze_preferences(
    *, study: Study, name: str, by: Person, derived_from: Release | None = None
) -> Release:
    """Freeze every settled case of test use. Raises what `curation.releases.freeze.freeze` raises."""
    left_out: dict[str, int] = {}
    rows = _rows(study, left_out)
    return freeze(
        study=study,
        kind=ReleaseKind.PREFERENCES,
        name=name,
        rows=rows,
        left_out=left_out,
        by=by,
        derived_from=derived_from,
    )


def _rows(study: Study, left_out: dict[str, int]) -> Iterator[NewRow]:
    """Rows of the settled cases; fills `left_out` with reason to count for the others."""
    cases = Case.objects.filter(study=study, question__cluster__use=Use.TEST).order_by("pk")
    related = cases.select_related(
        "question__cluster", "question__source", "response_a__endpoint", "response_b__endpoint"
    )
    for case in related.prefetch_related("consensus", "question__question_images__image"):
        reason = _reason_to_leave(case)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            yield _row(case)


def _reason_to_leave(case: Case) -> str:
    if case.state != CaseState.SETTLED:
        return LEFT_OUT[CaseState(case.state)]
    if case.question.state != QuestionState.READY:
        return "question dropped"
    if not all_released(case.question.ordered_images()):
        return "an image was withdrawn or waits for its pixel review"
    return ""


def _row(case: Case) -> NewRow:
    blobs = model_image_blobs(case.question)
    files = {f"images/{sha256[:16]}.png": sha256 for sha256 in blobs}
    consensus = {entry.dimension: entry for entry in case.consensus.all()}
    content = {
        "id": f"case-{case.pk}",
        "question_id": f"question-{case.question_id}",  # as trace and question releases write it
        "question": case.question.text,
        "options": case.question.options,
        "images": list(files),
        "sha256": list(files.values()),
        "answer_a": case.response_a.text,
        "answer_b": case.response_b.text,
        "model_a": case.response_a.endpoint.name,
        "model_b": case.response_b.endpoint.name,
        "family_a": case.response_a.endpoint.family,
        "family_b": case.response_b.endpoint.family,
        "label": {name: entry.label or None for name, entry in consensus.items()},
        "votes": {name: _votes(entry) for name, entry in consensus.items()},
        "adjudicated": {name: entry.is_adjudicated for name, entry in consensus.items()},
        "organ_system": case.question.organ_system,
        "department": case.question.department,
        "modality": case.question.modality,
        "specialty": case.question.specialty,
        "source": case.question.source.name,
        "cluster": f"cluster-{case.question.cluster_id}",
    }
    return NewRow(row_id=f"case-{case.pk}", content=content, files=files)


PREFERENCES = Freezer(
    kind=ReleaseKind.PREFERENCES,
    label="Preferences",
    meaning="settled cases with their two answers, labels and votes, to score judges on",
    freeze=freeze_preferences,
)


def _votes(entry: Consensus) -> dict[str, Any]:
    return {"A": entry.votes_a, "B": entry.votes_b, "cannot_judge": entry.cannot_judge}
