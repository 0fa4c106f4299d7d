"""Draws two answers per question and decides on the server which one is A.

Cases are opened in parts of PART, each a transaction of its own: readers go on voting in between. A part
depends on nothing but what is stored, so a job that was killed goes on as if nothing had happened.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from annotation.models import Case, Response
from annotation.sides import Pair, first_is_a
from annotation.states import CaseState
from consilium.audit.record import audited_transaction, chain_of, lock_chain, record
from consilium.jobs.handle import JobHandle
from consilium.jobs.models import Job
from consilium.jobs.queue import enqueue
from consilium.people.models import Person, Role, Study
from consilium.people.permissions import check_lead
from consilium.refusals import NameTaken, Refused
from consilium.states.transitions import transition_all
from consilium.workqueue.models import Kind, Round
from consilium.workqueue.open import close_round, lock_open_round, open_items, reserve_round
from consilium.workqueue.refusals import AlreadyOpen
from curation.models import Question, QuestionImage, Use
from curation.states import ImageState

KIND: Final = "annotation.pair"
PART: Final = 200


class NothingToPair(Refused):
    """No question has answers of two models and no case yet; the text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "No ready test question without a case has answers of two models; ask models for answers first."
        )


class RoundNameTaken(NameTaken):
    """The study has a comparison round of that name."""


def open_comparison_round(*, study: Study, name: str, by: Person, limit: int | None = None) -> Round:
    """Pair up to `limit` answered test questions that have no case, and put the cases on the queue.

    Two models are drawn uniformly per question, seeded by the study. A round of one part appears whole or not
    at all; of a larger one the parts that are done stay. Raises NotAllowed, NothingToPair, RoundNameTaken.
    """
    with transaction.atomic():
        opened, wanted = _reserve(study, name, by, limit)
        if wanted <= PART:
            _pair(opened, wanted, by=by)
            return opened
    _pair(opened, wanted, by=by)
    return opened


def start_comparison_round(
    *, study: Study, name: str, by: Person, limit: int | None = None
) -> tuple[Round, Job | None]:
    """The same for pages: a round of one part at once, a larger one by a job, whose name is taken at once."""
    with transaction.atomic():
        opened, wanted = _reserve(study, name, by, limit)
        if wanted <= PART:
            _pair(opened, wanted, by=by)
            return opened, None
        params = {"round": opened.pk, "cases": wanted}
        return opened, enqueue(kind=KIND, by=by, study=study, params=params)


def run_pairing(handle: JobHandle) -> dict[str, Any]:
    """The job: goes on with the round where its cases say it stopped, and ends when somebody closes it."""
    opened = Round.objects.select_related("study").get(pk=handle.params["round"])
    person = handle.job.created_by
    assert person is not None
    check_lead(person, opened.study)
    try:
        _pair(opened, handle.params["cases"], by=person, handle=handle)
    except AlreadyOpen:
        opened.refresh_from_db()
        if opened.closed_at is None:
            raise
    return {"cases": opened.cases.count()}


def pairable(study: Study) -> "QuerySet[Any]":
    """Keys of the questions that wait for a case: ready, of test use, shown, with two or more answers."""
    unseen = QuestionImage.objects.filter(question=OuterRef("pk")).exclude(image__state=ImageState.RELEASED)
    ready = Question.objects.for_use(study, Use.TEST).ready()
    waiting = ready.filter(~Exists(Case.objects.filter(question=OuterRef("pk"))), ~Exists(unseen))
    several = waiting.order_by().values("pk").annotate(answers=Count("responses")).filter(answers__gte=2)
    return several.order_by("pk").values_list("pk", flat=True)


def _reserve(study: Study, name: str, by: Person, limit: int | None) -> tuple[Round, int]:
    """The round, still empty, and how many cases it will have."""
    opened = reserve_round(study=study, kind=Kind.COMPARE, name=name, by=by)
    if opened is None:
        raise RoundNameTaken(
            f"This study already has a comparison round named {name!r}; choose another name."
        )
    wanted = pairable(study)[:limit].count()
    if not wanted:
        raise NothingToPair
    return opened, wanted


def _pair(opened: Round, wanted: int, *, by: Person, handle: JobHandle | None = None) -> None:
    """Open cases until the round has as many as wanted, or nothing is left."""
    done, fence = opened.cases.count(), handle.fence if handle else _unfenced
    last = 0
    while done < wanted:
        if handle:
            handle.progress(done, wanted, "Cases are being opened")
        cases = _pair_part(opened, min(PART, wanted - done), by, after=last, fence=fence)
        if not cases:
            break
        done, last = done + len(cases), cases[-1].question_id
    if not done:  # another lead's round took every question first
        close_round(work_round=opened, by=by)
        raise NothingToPair


def _unfenced() -> None:
    """Outside a job nobody else can have taken the work over."""


def _pair_part(opened: Round, count: int, by: Person, *, after: int, fence: Callable[[], None]) -> list[Case]:
    """Up to `count` cases of questions beyond `after`, on the queue."""
    study = opened.study
    with audited_transaction():
        fence()
        lock_open_round(opened)
        # Two rounds at once: the second draws when the first has stored its cases.
        lock_chain(chain_of(study))
        cases = Case.objects.bulk_create(_draw(study, count, after))
        if not cases:
            return []
        for case in cases:
            record(action="case.paired", obj=case, by=None, study=study, data={"question": case.question_id})
        open_items(
            study=study,
            kind=Kind.COMPARE,
            name=opened.name,
            objects=[(case.pk, {}) for case in cases],
            role=Role.ANNOTATOR,
            capacity=study.settings.votes_per_case,
            by=by,
        )
        transition_all(cases, CaseState.OPEN, by=by, round=opened)
    return cases


def _draw(study: Study, count: int, after: int) -> list[Case]:
    rng = random.Random(f"{study.settings.seed}:pairing:{Case.objects.filter(study=study).count()}")
    drawn = {}
    for question, answers in _answers(study, count, after):
        drawn[question] = sorted(rng.sample(answers, 2))
    pairs = [(one[0], other[0]) for one, other in drawn.values()]
    sides = first_is_a(pairs, _earlier_leads(study), rng)
    return [
        Case(
            study=study,
            question_id=question,
            response_a_id=(one if first else other)[1],
            response_b_id=(other if first else one)[1],
        )
        for (question, (one, other)), first in zip(drawn.items(), sides, strict=True)
    ]


def _answers(study: Study, count: int, after: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """The next questions, each with the keys (model, response) of its answers."""
    questions = list(pairable(study).filter(pk__gt=after)[:count])
    found = Response.objects.filter(question_id__in=questions)
    keys = found.order_by("question_id", "endpoint_id").values_list("question_id", "endpoint_id", "pk")
    for question, answers in groupby(keys, key=itemgetter(0)):
        yield question, [(endpoint, pk) for _, endpoint, pk in answers]


def _earlier_leads(study: Study) -> Counter[Pair]:
    """Per pair of models, how many more of the study's cases have the first of them as A."""
    leads: Counter[Pair] = Counter()
    earlier = Case.objects.filter(study=study).order_by()
    counted = earlier.values_list("response_a__endpoint", "response_b__endpoint").annotate(n=Count("pk"))
    for a, b, number in counted:
        leads[min(a, b), max(a, b)] += number if a < b else -number
    return leads
