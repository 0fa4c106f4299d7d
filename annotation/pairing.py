"""Draws two answers per question and decides on the server which one is A."""

import random
from collections import Counter
from collections.abc import Sequence

from django.db import transaction

from annotation.models import Case, Response
from annotation.sides import Pair, first_is_a
from annotation.states import CaseState
from consilium.audit.record import record
from consilium.people.models import Person, Role, Study
from consilium.people.permissions import check_lead
from consilium.refusals import NameTaken, Refused
from consilium.states.transitions import transition
from consilium.workqueue.models import Kind, Round
from consilium.workqueue.open import open_items
from curation.models import QuestionImage, Use
from curation.states import ImageState, QuestionState


class NothingToPair(Refused):
    """No question has answers of two models and no case yet; the text says what to do."""


class RoundNameTaken(NameTaken):
    """The study has a comparison round of that name."""


@transaction.atomic
def open_comparison_round(*, study: Study, name: str, by: Person, limit: int | None = None) -> Round:
    """Pair up to `limit` answered test questions that have no case, and put the cases on the queue.

    Two models are drawn uniformly per question, seeded by the study. Raises NotAllowed, NothingToPair,
    RoundNameTaken.
    """
    check_lead(by, study)
    if Round.objects.filter(study=study, kind=Kind.COMPARE, name=name).exists():
        raise RoundNameTaken(
            f"This study already has a comparison round named {name!r}; choose another name."
        )
    cases = _draw(study, limit)
    if not cases:
        raise NothingToPair(
            "No ready test question without a case has answers of two models; ask models for answers first."
        )
    opened = open_items(
        study=study,
        kind=Kind.COMPARE,
        name=name,
        objects=[(case.pk, {}) for case in cases],
        role=Role.ANNOTATOR,
        capacity=study.settings.votes_per_case,
        by=by,
    )
    for case in cases:
        transition(case, CaseState.OPEN, by=by, round=opened)
    return opened


def answers_to_pair(study: Study) -> dict[int, Sequence[Response]]:
    """Question to its answers: ready test questions with two or more, usable images and no case yet."""
    unseen = QuestionImage.objects.exclude(image__state=ImageState.RELEASED).values("question")
    responses = Response.objects.filter(
        study=study,
        question__cases=None,
        question__state=QuestionState.READY,
        question__cluster__use=Use.TEST,
    ).exclude(question__in=unseen)
    found: dict[int, list[Response]] = {}
    for response in responses.order_by("question_id", "endpoint_id"):
        found.setdefault(response.question_id, []).append(response)
    return {question: answers for question, answers in found.items() if len(answers) >= 2}


def _draw(study: Study, limit: int | None) -> list[Case]:
    rng = random.Random(f"{study.settings.seed}:pairing:{Case.objects.filter(study=study).count()}")
    answers = answers_to_pair(study)
    drawn = []
    for question in sorted(answers)[:limit]:
        one, other = rng.sample(answers[question], 2)
        drawn.append((one, other) if one.endpoint_id < other.endpoint_id else (other, one))
    pairs = [(one.endpoint_id, other.endpoint_id) for one, other in drawn]
    sides = first_is_a(pairs, _earlier_leads(study), rng)
    return [
        _stored_case(study, *(drawn_pair if first else drawn_pair[::-1]))
        for drawn_pair, first in zip(drawn, sides, strict=True)
    ]


def _stored_case(study: Study, a: Response, b: Response) -> Case:
    case = Case.objects.create(study=study, question_id=a.question_id, response_a=a, response_b=b)
    record(action="case.paired", obj=case, by=None, study=study, data={"question": case.question_id})
    return case


def _earlier_leads(study: Study) -> Counter[Pair]:
    leads: Counter[Pair] = Counter()
    earlier = Case.objects.filter(study=study).order_by()
    for a, b in earlier.values_list("response_a__endpoint", "response_b__endpoint"):
        leads[min(a, b), max(a, b)] += 1 if a < b else -1
    return leads
