"""Opens questions for work, and drops them with a reason."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import ReasonMissing
from consilium.states.transitions import transition
from curation.models import Question, QuestionImage
from curation.states import ImageState, QuestionState

BEFORE = (QuestionState.IMPORTED, QuestionState.FILTERED, QuestionState.SCREENED)


@dataclass(frozen=True, slots=True)
class Opened:
    """How many questions became ready, and how many still wait for a pixel review of an image."""

    opened: int
    waiting: int


def open_questions(*, study: Study, by: Person) -> Opened:
    """Make every imported question ready whose images are all usable. Raises NotAllowed."""
    check_lead(by, study)
    opened = 0
    for question in unopened(study).filter(waits=False).iterator():
        transition(question, QuestionState.READY, by=by)
        opened += 1
    return Opened(opened, unopened(study).filter(waits=True).count())


def unopened(study: Study) -> "models.QuerySet[Any]":
    """Questions on their way to ready; `waits` says that an image of one is not usable (yet)."""
    closed = QuestionImage.objects.filter(question=OuterRef("pk")).exclude(image__state=ImageState.RELEASED)
    return Question.objects.filter(study=study, state__in=BEFORE).annotate(waits=Exists(closed))


def drop_question(*, question: Question, reason: str, by: Person) -> Question:
    """Leave a question out of everything that comes; releases that hold it stay as they are."""
    check_lead(by, question.study)
    if not reason.strip():
        raise ReasonMissing("Say why the question is dropped.")
    short = reason.strip()[:200]
    dropped: dict[str, Any] = {"drop_reason": short, "dropped_at": timezone.now()}
    transition(question, QuestionState.DROPPED, by=by, reason=short, **dropped)
    return question
