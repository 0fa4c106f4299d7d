"""The content of one row of a trace release and of a question release (METHOD.md section 2.8)."""

from collections.abc import Sequence
from typing import Any, Final

from consilium.people.models import pseudonym
from curation.images.access import model_image_blobs
from curation.models import Question, StepStatus, Trace, TraceReview, TraceStep
from curation.releases.background import week_of
from curation.releases.contents import NewRow
from curation.traces.review_schema import step_id

REVIEWS: Final = "reviews"


def question_row(question: Question) -> NewRow:
    """A question as solvers and judges get it; `split` is its use. Raises NotShowable."""
    return NewRow(f"question-{question.pk}", _common(question), _files(question))


def trace_row(trace: Trace) -> NewRow:
    """A reviewed trace: `reasoning` joins the steps that stand, one per line; a rejected step has no text."""
    steps = sorted(trace.steps.all(), key=lambda step: step.position)
    content = _common(trace.question) | {
        "id": f"trace-{trace.pk}",
        "reasoning": "\n".join(step.text for step in standing(steps)),
        "steps": [_step(step) for step in steps],
        "paradigm": trace.paradigm,
        "teacher": trace.endpoint.family,
    }
    return NewRow(f"trace-{trace.pk}", content, _files(trace.question))


def review_row(review: TraceReview, *, is_newest: bool) -> NewRow:
    """One version of one clinician's review; what they wrote in their own words stays here."""
    submission = review.submission
    guideline = submission.guideline
    row_id = f"review-{submission.pk}"
    content = {
        "id": row_id,
        "trace_id": f"trace-{review.trace_id}",
        "reader": pseudonym(submission.study_id, review.person_id),
        "version": submission.version,
        "is_newest": is_newest,
        "is_surplus": submission.is_surplus,
        "decision": review.decision,
        "steps": [
            {"id": step["id"], "status": step["status"], "reason": step.get("reason", "")}
            for step in review.steps
        ],
        "seconds_active": submission.active_seconds,
        "guideline_version": guideline.number if guideline else None,
        "week": week_of(submission.submitted_at),
    }
    return NewRow(row_id, content, table=REVIEWS)


def standing(steps: Sequence[TraceStep]) -> list[TraceStep]:
    """The steps that a clinician accepted as written or edited."""
    return [step for step in steps if step.status in (StepStatus.ACCEPTED, StepStatus.EDITED)]


def image_path(sha256: str) -> str:
    """Where an image lies inside a release."""
    return f"images/{sha256}.png"


def _common(question: Question) -> dict[str, Any]:
    blobs = model_image_blobs(question)
    return {
        "id": f"question-{question.pk}",
        "question_id": f"question-{question.pk}",
        "images": [image_path(sha256) for sha256 in blobs],
        "sha256": blobs,
        "question": question.text,
        "options": question.options,
        "answer_label": question.answer_label,
        "answer": question.answer,
        "specialty": question.specialty,
        "organ_system": question.organ_system,
        "department": question.department,
        "question_type": question.question_type,
        "modality": question.modality,
        "body_part": question.body_part,
        "source": question.source.name,
        "license": question.source.licence,
        "split": question.cluster.use,
        "cluster": f"cluster-{question.cluster_id}",
        # Only where there are any: rows without them keep the form that they always had.
        **({"facets": question.facets} if question.facets else {}),
    }


def _files(question: Question) -> dict[str, str]:
    return {image_path(sha256): sha256 for sha256 in model_image_blobs(question)}


def _step(step: TraceStep) -> dict[str, Any]:
    kept = step.status in (StepStatus.ACCEPTED, StepStatus.EDITED)
    return {
        "id": step_id(step.position),
        "text": step.text if kept else "",
        "status": step.status,
        "original": step.original,
    }
