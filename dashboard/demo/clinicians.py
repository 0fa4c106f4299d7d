"""How the demo's invented readers decide: seeded rules that agree mostly and differ sometimes."""

import random
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from annotation.adjudication import vote_blind
from annotation.models import BlindVote, Case, Response
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.option_letters import extract
from consilium.people.models import Person, Study
from consilium.workqueue.claim import next_claim
from consilium.workqueue.hold import postpone
from consilium.workqueue.models import Claim, Kind
from consilium.workqueue.refusals import OtherWorkOpen
from consilium.workqueue.submit import submit
from curation.models import Trace
from curation.traces.review_schema import step_id


def work_through(*, study: Study, person: Person, kind: Kind, limit: int) -> int:
    """Let one invented reader finish up to `limit` items; returns how many were done."""
    for done in range(limit):
        claim = _next(study, person, kind)
        if claim is None:
            return done
        rng = random.Random(f"{study.slug}:{person.username}:{kind}:{claim.item.object_id}")
        content = _CONTENT[kind](claim, person, rng)
        key = uuid.uuid5(uuid.NAMESPACE_OID, f"{claim.token}")
        seconds = rng.randint(40, 180)
        _sat_down_earlier(claim, seconds)
        submit(
            claim_token=claim.token,
            person=person,
            content=content,
            idempotency_key=key,
            active_seconds=seconds,
        )
    return limit


def _next(study: Study, person: Person, kind: Kind) -> Claim | None:
    """The next claim; other work that a visitor opened in this reader's name is put off, its draft kept."""
    try:
        return next_claim(study=study, person=person, kind=kind)
    except OtherWorkOpen as other:
        postpone(token=other.claim.token, person=person)
        return next_claim(study=study, person=person, kind=kind)


def _sat_down_earlier(claim: Claim, seconds: int) -> None:
    """Active time never grows faster than the clock: an invented reader took the case that long ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    Claim.objects.filter(pk=claim.pk).update(claimed_at=then, heartbeat_at=then)


def _review(claim: Claim, person: Person, rng: random.Random) -> dict[str, Any]:
    trace = Trace.objects.prefetch_related("steps").get(pk=claim.item.object_id)
    steps = list(trace.steps.all())
    decided: dict[str, Any] = {step_id(step.position): {"status": "accepted"} for step in steps}
    decision, comment, draw = "accepted", "", rng.random()
    if draw < 0.12:
        last = steps[-1]
        text = f"{last.original.rstrip('.')}, as the image shows."
        decided[step_id(last.position)] = {"status": "edited", "text": text}
        decision = "edited"
    elif draw < 0.16:
        decided[step_id(0)] = {"status": "rejected", "reason": "not_in_image"}
        decision, comment = "rejected", "The first step does not fit the image."
    return {"steps": decided, "decision": decision, "comment": comment}


def _compare(claim: Claim, person: Person, rng: random.Random) -> dict[str, Any]:
    choices = _choices(claim, rng, noise=0.15)
    return {"choices": choices, "harm": _harm(claim, rng)}


def _adjudicate(claim: Claim, person: Person, rng: random.Random) -> dict[str, Any]:
    choices = _choices(claim, rng, noise=0.0)
    if not BlindVote.objects.filter(case_id=claim.item.object_id, person=person).exists():
        vote_blind(claim=claim, by=person, choices=choices, reasons={})
    return {"choices": choices, "comment": "The image decides."}


def _choices(claim: Claim, rng: random.Random, *, noise: float) -> dict[str, str]:
    """Prefer the right answer, among equals the one that says more; flip a dimension now and then."""
    case = _case(claim)
    a_is_right, b_is_right = _is_right(case, case.response_a), _is_right(case, case.response_b)
    a_says_more = len(case.response_a.text) > len(case.response_b.text)
    a_is_better = a_is_right if a_is_right != b_is_right else a_says_more
    first_is_a = claim.shown["first"] == "a"
    chosen = {}
    for name in DIMENSIONS:
        prefers_a = a_is_better != (rng.random() < noise)
        strength = "clearly" if rng.random() < 0.6 else "slightly"
        chosen[name] = f"{'first' if prefers_a == first_is_a else 'second'}_{strength}"
    return chosen


def _harm(claim: Claim, rng: random.Random) -> str:
    """Now and then a reader thinks that a wrong answer could harm."""
    case, first_is_a = _case(claim), claim.shown["first"] == "a"
    wrong = [response for response in (case.response_a, case.response_b) if not _is_right(case, response)]
    if not wrong or rng.random() > 0.4:
        return "neither"
    if len(wrong) == 2:
        return "both"
    return "first" if (wrong[0] == case.response_a) == first_is_a else "second"


def _case(claim: Claim) -> Case:
    related = Case.objects.select_related("question", "response_a", "response_b")
    return related.get(pk=claim.item.object_id)


def _is_right(case: Case, response: Response) -> bool:
    letters = "".join(sorted(case.question.options))
    return extract(response.original, letters).letter == case.question.answer_label


_CONTENT = {Kind.REVIEW: _review, Kind.COMPARE: _compare, Kind.ADJUDICATE: _adjudicate}
