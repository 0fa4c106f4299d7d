"""How the demo's invented readers decide: seeded rules that agree mostly and differ sometimes."""

import random
import uuid
from typing import Any

from annotation.adjudicating import vote_blind
from annotation.models import BlindVote, Case
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.options import extract
from consilium.people.models import Person, Study
from consilium.work.claiming import next_claim
from consilium.work.errors import OtherWorkOpen
from consilium.work.holding import postpone
from consilium.work.models import Claim, Kind
from consilium.work.submitting import submit
from curation.models import Trace
from curation.review_content import step_id


def work_through(*, study: Study, person: Person, kind: Kind, limit: int) -> int:
    """Let one invented reader finish up to `limit` items; returns how many were done."""
    for done in range(limit):
        claim = _next(study, person, kind)
        if claim is None:
            return done
        rng = random.Random(f"{study.slug}:{person.username}:{kind}:{claim.item.object_id}")
        content = _CONTENT[kind](claim, person, rng)
        key = uuid.uuid5(uuid.NAMESPACE_OID, f"{claim.token}")
        submit(
            claim_token=claim.token,
            person=person,
            content=content,
            idempotency_key=key,
            active_seconds=rng.randint(40, 180),
        )
    return limit


def _next(study: Study, person: Person, kind: Kind) -> Claim | None:
    """The next claim; other work that a visitor opened in this reader's name is put off, its draft kept."""
    try:
        return next_claim(study=study, person=person, kind=kind)
    except OtherWorkOpen as other:
        postpone(token=other.claim.token, person=person)
        return next_claim(study=study, person=person, kind=kind)


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
    return {"choices": choices, "harm": "neither"}


def _adjudicate(claim: Claim, person: Person, rng: random.Random) -> dict[str, Any]:
    choices = _choices(claim, rng, noise=0.0)
    if not BlindVote.objects.filter(case_id=claim.item.object_id, person=person).exists():
        vote_blind(claim=claim, by=person, choices=choices, reasons={})
    return {"choices": choices, "comment": "The image decides."}


def _choices(claim: Claim, rng: random.Random, *, noise: float) -> dict[str, str]:
    """Prefer the answer with the right letter, else the longer one; flip a dimension now and then."""
    case = Case.objects.select_related("question", "response_a", "response_b").get(pk=claim.item.object_id)
    a_is_better = _score(case, "a") >= _score(case, "b")
    first_is_a = claim.shown["first"] == "a"
    chosen = {}
    for name in DIMENSIONS:
        prefers_a = a_is_better != (rng.random() < noise)
        strength = "clearly" if rng.random() < 0.6 else "slightly"
        chosen[name] = f"{'first' if prefers_a == first_is_a else 'second'}_{strength}"
    return chosen


def _score(case: Case, side: str) -> tuple[bool, int]:
    response = case.response_a if side == "a" else case.response_b
    letters = "".join(sorted(case.question.options))
    right = extract(response.original, letters).letter == case.question.answer_label
    return right, len(response.text)


_CONTENT = {Kind.REVIEW: _review, Kind.COMPARE: _compare, Kind.ADJUDICATE: _adjudicate}
