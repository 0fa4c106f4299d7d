"""Clinicians' review of traces: opens the work, projects what they submit, settles what they disagree on."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import models, transaction

from consilium.audit.record import audited_transaction, record
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Role, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from consilium.states.transitions import transition, transition_all
from consilium.workqueue.kinds import InvalidContent, Shown, WorkKind, register
from consilium.workqueue.models import Kind, Round, Submission, WorkItem
from consilium.workqueue.open import close_item, open_items
from curation.models import Trace, TraceReview, TraceStep
from curation.permissions import check_may_settle
from curation.states import TraceState
from curation.traces.review_schema import Step, check_review, step_id

OPENING: Final = "curation.open_reviews"
PART: Final = 200


class NothingToReview(Refused):
    """No trace waits for a review; the text says what to do."""


class NotDisputed(Refused):
    """A trace that is not in dispute, or a review of another trace; the text is for people."""


def open_reviews(
    *, study: Study, name: str, by: Person, by_specialty: bool = False, limit: int | None = None
) -> Round:
    """Put the checked traces (the first `limit`) on the review queue, for `reviews_per_trace` readers each.

    With `by_specialty` only annotators of the question's specialty get it. Up to PART traces go there
    together or not at all; of more, the parts that are done stay.
    Raises NotAllowed, NothingToReview, AlreadyOpen.
    """
    check_lead(by, study)
    last = _last_to_review(study, limit)
    opened = _open_part(study, name, by, by_specialty=by_specialty, last=last)
    while _to_review(study, last).exists():
        _open_part(study, name, by, by_specialty=by_specialty, last=last)
    return opened


def start_reviews(*, study: Study, name: str, by: Person, by_specialty: bool = False) -> Round | Job:
    """The same for pages: up to PART traces at once, more by a job."""
    check_lead(by, study)
    last = _last_to_review(study, None)
    if _to_review(study, last).count() <= PART:
        return open_reviews(study=study, name=name, by=by, by_specialty=by_specialty)
    params = {"name": name, "by_specialty": by_specialty, "last": last}
    return enqueue(kind=OPENING, by=by, study=study, params=params)


def run_opening(handle: JobHandle) -> dict[str, Any]:
    """The job: goes on with the traces that still wait; those that a killed try opened do not."""
    study, person, params = handle.job.study, handle.job.created_by, handle.params
    assert study is not None
    assert person is not None
    check_lead(person, study)
    total = waiting = _to_review(study, params["last"]).count()
    while waiting:
        handle.progress(total - waiting, total, "Traces are put on the queue")
        try:
            _open_part(
                study,
                params["name"],
                person,
                by_specialty=params["by_specialty"],
                last=params["last"],
                fence=handle.fence,
            )
        except NothingToReview:  # another lead took them
            break
        waiting = _to_review(study, params["last"]).count()
    opened = WorkItem.objects.filter(study=study, round__kind=Kind.REVIEW, round__name=params["name"])
    return {"traces": opened.count()}


def _to_review(study: Study, last: int) -> "models.QuerySet[Trace]":
    return Trace.objects.filter(study=study, state=TraceState.CHECKED, pk__lte=last).order_by("pk")


def _last_to_review(study: Study, limit: int | None) -> int:
    """The key of the last trace that waits now: what a model writes meanwhile is for the next round."""
    keys = Trace.objects.filter(study=study, state=TraceState.CHECKED).order_by("pk")[:limit]
    last = max(keys.values_list("pk", flat=True), default=None)
    if last is None:
        raise NothingToReview("No trace waits for a review: let a model write traces first.")
    return last


def _open_part(
    study: Study,
    name: str,
    by: Person,
    *,
    by_specialty: bool,
    last: int,
    fence: Callable[[], None] = lambda: None,
) -> Round:
    """Move up to PART traces into review and put them on the queue."""
    with audited_transaction():
        fence()
        waiting = _to_review(study, last).select_related("question")
        traces = list(waiting.only("state", "study", "question__specialty")[:PART])
        if not traces:
            raise NothingToReview("No trace waits for a review any more.")
        for trace in traces:
            trace.study = study
        transition_all(traces, TraceState.IN_REVIEW, by=by)
        return open_items(
            study=study,
            kind=Kind.REVIEW,
            name=name,
            objects=[
                (trace.pk, {"specialty": trace.question.specialty} if by_specialty else {})
                for trace in traces
            ],
            role=Role.ANNOTATOR,
            capacity=int(study.settings.reviews_per_trace),
            by=by,
        )


def settle_trace(*, trace: Trace, review: TraceReview, by: Person) -> Trace:
    """A senior who did not review the trace decides for one of its reviews.

    Raises NotAllowed, NotDisputed, StateChanged.
    """
    check_may_settle(by, trace)
    if trace.state != TraceState.DISPUTED or review.trace_id != trace.pk:
        raise NotDisputed("This trace is not in dispute any more; load the page again.")
    with transaction.atomic():
        _apply(review)
        transition(trace, review.decision, by=by, data={"review": review.pk})
    return trace


def counted_reviews(trace: Trace) -> list[TraceReview]:
    """The newest review of each person that sits on a slot, in the order they came."""
    item = WorkItem.objects.filter(kind=Kind.REVIEW, object_id=trace.pk).first()
    if item is None:
        return []
    submissions = Submission.objects.filter(item=item).counted()
    return list(TraceReview.objects.filter(submission__in=submissions).order_by("submission_id"))


def register_kind() -> None:
    """Make trace review known to the work queue."""
    register(
        WorkKind(
            name=Kind.REVIEW.value,
            label="Trace review",
            schema_version=1,
            screen="curation:review",
            validate=_validate,
            project=_project,
            shown_for=_shown_for,
        )
    )


def _shown_for(item: WorkItem, person: Person, others: Sequence[Shown]) -> Shown:
    """What this reviewer sees beside the steps: fixed when the trace is claimed."""
    return {"gold": bool(item.study.settings.review_shows_gold)}


def _validate(item: WorkItem, content: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    steps = TraceStep.objects.filter(trace_id=item.object_id).order_by("position")
    cleaned, errors = check_review(content, [Step(step_id(step.position), step.original) for step in steps])
    if errors:
        raise InvalidContent(errors)
    return cleaned


def _project(submission: Submission) -> None:
    """Store the typed review; the last slot taken decides the trace."""
    content = submission.content
    trace = Trace.objects.select_related("study").get(pk=submission.item.object_id)
    TraceReview.objects.create(
        submission=submission,
        trace=trace,
        person=submission.person,
        decision=content["decision"],
        steps=[{"id": name, **decided} for name, decided in content["steps"].items()],
        comment=content["comment"],
    )
    reviews = counted_reviews(trace)
    if trace.state == TraceState.IN_REVIEW and len(reviews) >= submission.item.capacity:
        _conclude(trace, reviews)
        close_item(submission.item)


def _conclude(trace: Trace, reviews: Sequence[TraceReview]) -> None:
    first = reviews[0]
    if any((r.decision, r.steps) != (first.decision, first.steps) for r in reviews):
        transition(trace, TraceState.DISPUTED, by=None, data={"reviews": len(reviews)})
        return
    _apply(first)
    transition(trace, first.decision, by=None, data={"reviews": len(reviews)})


def _apply(review: TraceReview) -> None:
    """Write a review's decisions into the steps: what a release gets."""
    decided = {entry["id"]: entry for entry in review.steps}
    steps = list(TraceStep.objects.filter(trace_id=review.trace_id))
    for step in steps:
        entry = decided[step_id(step.position)]
        step.status, step.text = entry["status"], entry.get("text", step.original)
    TraceStep.objects.bulk_update(steps, ["status", "text"])
    record(
        action="trace.steps",
        obj=review,
        by=review.person,
        study=review.trace.study,
        data={"statuses": [step.status for step in steps]},
    )
