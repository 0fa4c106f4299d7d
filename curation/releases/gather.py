"""Gathers what a trace release and a question release consist of, and counts what is left out."""

from collections.abc import Iterator
from itertools import islice

from consilium.people.models import Person, Study
from curation.images.access import NotShowable
from curation.models import Question, Release, ReleaseKind, Trace, TraceReview, Use
from curation.releases.contents import Gathered, NewRow
from curation.releases.decontamination import HeldOut
from curation.releases.freeze import freeze
from curation.releases.readers import reader_rows
from curation.releases.registry import Freezer, register
from curation.releases.rows import question_row, review_row, standing, trace_row
from curation.states import QuestionState, TraceState

STANDING = (TraceState.ACCEPTED, TraceState.EDITED)
PART = 200
OPEN = (TraceState.CHECKED, TraceState.IN_REVIEW, TraceState.DISPUTED)


def freeze_traces(*, study: Study, name: str, by: Person, derived_from: Release | None = None) -> Release:
    """Freeze the accepted and edited traces of training questions. Raises as `freeze`."""
    gathered = Gathered()
    return freeze(
        study=study,
        kind=ReleaseKind.TRACES,
        name=name,
        rows=trace_rows(study, gathered),
        left_out=gathered.left_out,
        by=by,
        derived_from=derived_from,
    )


def freeze_questions(*, study: Study, name: str, by: Person, derived_from: Release | None = None) -> Release:
    """Freeze the ready test questions, held out for solvers. Raises as `freeze`."""
    gathered = Gathered()
    return freeze(
        study=study,
        kind=ReleaseKind.QUESTIONS,
        name=name,
        rows=question_rows(study, gathered),
        left_out=gathered.left_out,
        by=by,
        derived_from=derived_from,
    )


def freeze_dev_questions(
    *, study: Study, name: str, by: Person, derived_from: Release | None = None
) -> Release:
    """Freeze the ready dev questions, on which merges are chosen. Raises as `freeze`."""
    gathered = Gathered()
    return freeze(
        study=study,
        kind=ReleaseKind.QUESTIONS,
        name=name,
        rows=dev_question_rows(study, gathered),
        left_out=gathered.left_out,
        by=by,
        derived_from=derived_from,
    )


def register_freezers() -> None:
    """Make the releases of this app known to the freeze page and command."""
    register(
        Freezer(
            kind="traces",
            label="Traces",
            meaning="reviewed reasoning for training",
            freeze=freeze_traces,
            rows=trace_rows,
            place="curation:trace",
            count=_standing_traces,
        )
    )
    register(
        Freezer(
            kind="questions",
            label="Questions",
            meaning="test questions held out for solvers",
            freeze=freeze_questions,
            rows=question_rows,
            place="curation:question",
            count=_test_questions,
        )
    )
    register(
        Freezer(
            kind="dev_questions",
            label="Dev questions",
            meaning="questions on which merges are chosen, never scores reported",
            freeze=freeze_dev_questions,
            rows=dev_question_rows,
            place="curation:question",
            count=_dev_questions,
            makes=ReleaseKind.QUESTIONS,
        )
    )


def _standing_traces(study: Study) -> int:
    return Trace.objects.filter(study=study, question__cluster__use=Use.TRAIN, state__in=STANDING).count()


def _test_questions(study: Study) -> int:
    return Question.objects.for_use(study, Use.TEST).ready().count()


def _dev_questions(study: Study) -> int:
    return Question.objects.for_use(study, Use.DEV).ready().count()


def trace_rows(study: Study, gathered: Gathered) -> Iterator[NewRow]:
    """The traces that go in, behind each part of them the reviews they got, and at the end who reviewed."""
    held_out, people = HeldOut.of(study), set[int]()
    traces = Trace.objects.filter(study=study, question__cluster__use=Use.TRAIN).order_by("pk")
    related = traces.select_related("question__source", "question__cluster", "endpoint")
    waiting = related.prefetch_related("steps", "question__question_images__image").iterator(PART)
    while part := list(islice(waiting, PART)):
        taken = []
        for trace in part:
            try:
                reason = _trace_left_out(trace, held_out)
                row = None if reason else trace_row(trace)
            except NotShowable:
                reason, row = "an image was withdrawn or waits for its pixel review", None
            if row is None:
                gathered.leave(reason, trace.pk)
            else:
                taken.append(trace.pk)
                yield row
        yield from _review_rows(taken, people)
    yield from reader_rows(study, people)


def _review_rows(traces: list[int], people: set[int]) -> Iterator[NewRow]:
    """Every version of every review of these traces; adds who reviewed to `people`."""
    reviews = TraceReview.objects.filter(trace__in=traces).order_by("trace", "submission")
    found = list(reviews.select_related("submission__guideline"))
    newest: dict[tuple[int, int], int] = {}
    people.update(review.person_id for review in found)
    for review in found:
        key = (review.trace_id, review.person_id)
        newest[key] = max(newest.get(key, 0), review.submission.version)
    for review in found:
        is_newest = newest[review.trace_id, review.person_id] == review.submission.version
        yield review_row(review, is_newest=is_newest)


def _trace_left_out(trace: Trace, held_out: HeldOut) -> str:
    if trace.state in OPEN:
        return f"trace {trace.get_state_display().lower()}"
    if trace.state not in STANDING:
        return f"trace {trace.get_state_display().lower()}"
    if trace.question.state != QuestionState.READY:
        return "question dropped"
    if not trace.question.source.may_train:
        return f"source {trace.question.source.name!r} does not permit training (rule may_train)"
    if not trace.endpoint.outputs_may_train:
        return (
            f"model {trace.endpoint.name!r} does not permit training on its outputs (rule outputs_may_train)"
        )
    if not standing(list(trace.steps.all())):
        return "every step rejected"
    return held_out.overlap(trace.question)


def question_rows(study: Study, gathered: Gathered) -> Iterator[NewRow]:
    """The ready test questions."""
    return _questions_for(study, Use.TEST, gathered)


def dev_question_rows(study: Study, gathered: Gathered) -> Iterator[NewRow]:
    """The ready dev questions."""
    return _questions_for(study, Use.DEV, gathered)


def _questions_for(study: Study, use: str, gathered: Gathered) -> Iterator[NewRow]:
    questions = Question.objects.for_use(study, use).order_by("pk")
    related = questions.select_related("source", "cluster")
    for question in related.prefetch_related("question_images__image").iterator(PART):
        if question.state != QuestionState.READY:
            gathered.leave(f"question {question.get_state_display().lower()}", question.pk)
            continue
        try:
            yield question_row(question)
        except NotShowable:
            reason = "an image was withdrawn or waits for its pixel review"
            gathered.leave(reason, question.pk)
