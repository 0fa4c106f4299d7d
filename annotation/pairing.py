"""Draws two answers per question and decides on the server which one is A."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from annotation.models import Case, Response
from annotation.states import CaseState
from consilium.audit.recording import record
from consilium.people.models import Person, Role, Study
from consilium.people.permissions import check_lead
from consilium.states.transitions import transition
from consilium.work.models import Kind, Round
from consilium.work.opening import open_items


class NothingToPair(Exception):
    """No question has answers of two models and no case yet; the text says what to do."""


@dataclass
class SideBalance:
    """Keeps A and B balanced overall and within each pair of models (METHOD.md section 3.3)."""

    rng: random.Random
    overall: Counter[int] = field(default_factory=Counter)
    within: Counter[tuple[int, int]] = field(default_factory=Counter)

    def order(self, one: Response, other: Response) -> tuple[Response, Response]:
        """The two responses as (A, B)."""
        pair = sorted((one, other), key=lambda response: response.endpoint_id)
        low, high = pair[0].endpoint_id, pair[1].endpoint_id
        lead = self.within[low, high] - self.within[high, low]
        if lead == 0:
            lead = self.overall[low] - self.overall[high]
        first_is_low = lead < 0 or (lead == 0 and self.rng.random() < 0.5)
        a, b = (pair[0], pair[1]) if first_is_low else (pair[1], pair[0])
        self.within[a.endpoint_id, b.endpoint_id] += 1
        self.overall[a.endpoint_id] += 1
        return a, b


@transaction.atomic
def open_comparison_round(*, study: Study, name: str, by: Person, limit: int | None = None) -> Round:
    """Pair the answered test questions that have no case, and put the cases on the queue.

    Two models are drawn uniformly per question, seeded by the study. Raises NotAllowed, NothingToPair.
    """
    check_lead(by, study)
    cases = _draw(study, limit)
    if not cases:
        raise NothingToPair(
            "No test question has answers of two models yet; ask two models for answers first."
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


def _draw(study: Study, limit: int | None) -> list[Case]:
    rng = random.Random(f"{study.settings.seed}:pairing:{Case.objects.filter(study=study).count()}")
    balance = SideBalance(rng)
    earlier = Case.objects.filter(study=study)
    for pair in earlier.values_list("response_a__endpoint", "response_b__endpoint"):
        balance.within[pair] += 1
        balance.overall[pair[0]] += 1
    answers = _answers_by_question(study)
    chosen = sorted(answers)[:limit]
    cases = []
    for question_id in chosen:
        one, other = rng.sample(answers[question_id], 2)
        a, b = balance.order(one, other)
        cases.append(Case(study=study, question_id=question_id, response_a=a, response_b=b))
    for case in cases:
        case.save()
        record(action="case.paired", obj=case, by=None, study=study, data={"question": case.question_id})
    return cases


def _answers_by_question(study: Study) -> dict[int, Sequence[Response]]:
    found: dict[int, list[Response]] = {}
    responses = Response.objects.filter(study=study, question__cases=None, question__cluster__use="test")
    for response in responses.order_by("question_id", "endpoint_id"):
        found.setdefault(response.question_id, []).append(response)
    return {question: list(answers) for question, answers in found.items() if len(answers) >= 2}
