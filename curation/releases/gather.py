"""Gathers what a trace release and a question release consist of, and counts what is left out."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from consilium.people.models import Person, Study
from curation.images.access import NotShowable
from curation.models import Question, Release, ReleaseKind, Trace, Use
from curation.releases.decontamination import HeldOut
from curation.releases.freeze import NewRow, freeze
from curation.releases.registry import Freezer, register
from curation.releases.rows import question_row, standing, trace_row
from curation.states import QuestionState, TraceState

STANDING = (TraceState.ACCEPTED, TraceState.EDITED)
OPEN = (TraceState.CHECKED, TraceState.IN_REVIEW, TraceState.DISPUTED)


@dataclass(slots=True)
class Gathered:
    """Reasons and numbers of what a release leaves out; filled while its rows are read."""

    left_out: Counter[str] = field(default_factory=Counter)

    def leave(self, reason: str) -> None:
        """Count one row that stays out."""
        self.left_out[reason] += 1


def freeze_traces(*, study: Study, name: str, by: Person, derived_from: Release | None = None) -> Release:
    """Freeze the accepted and edited traces of training questions. Raises as `freeze`."""
    gathered = Gathered()
    return freeze(
        study=study,
        kind=ReleaseKind.TRACES,
        name=name,
        rows=_trace_rows(study, gathered),
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
        rows=_question_rows(study, gathered),
        left_out=gathered.left_out,
        by=by,
        derived_from=derived_from,
    )


def register_freezers() -> None:
    """Make the releases of this app known to the freeze page and command."""
    register(Freezer("traces", "Traces", "reviewed reasoning for training", freeze_traces, _standing_traces))
    register(
        Freezer(
            "questions", "Questions", "test questions held out for solvers", freeze_questions, _test_questions
        )
    )


def _standing_traces(study: Study) -> int:
    return Trace.objects.filter(study=study, question__cluster__use=Use.TRAIN, state__in=STANDING).count()


def _test_questions(study: Study) -> int:
    return Question.objects.for_use(study, Use.TEST).ready().count()


def _trace_rows(study: Study, gathered: Gathered) -> Iterator[NewRow]:
    held_out = HeldOut.of(study)
    traces = Trace.objects.filter(study=study, question__cluster__use=Use.TRAIN).order_by("pk")
    related = traces.select_related("question__source", "question__cluster", "endpoint")
    for trace in related.prefetch_related("steps", "question__question_images__image").iterator(200):
        reason = _trace_left_out(trace, held_out)
        if reason:
            gathered.leave(reason)
            continue
        try:
            yield trace_row(trace)
        except NotShowable:
            gathered.leave("an image was withdrawn or waits for its pixel review")


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


def _question_rows(study: Study, gathered: Gathered) -> Iterator[NewRow]:
    questions = Question.objects.for_use(study, Use.TEST).order_by("pk")
    related = questions.select_related("source", "cluster")
    for question in related.prefetch_related("question_images__image").iterator(200):
        if question.state != QuestionState.READY:
            gathered.leave(f"question {question.get_state_display().lower()}")
            continue
        try:
            yield question_row(question)
        except NotShowable:
            gathered.leave("an image was withdrawn or waits for its pixel review")
