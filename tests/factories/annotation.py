"""Cases to vote on, made through the use cases where they are short and by hand where they need models."""

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

from annotation.models import Case, Response
from annotation.pairing import open_comparison_round
from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.models import ModelEndpoint, Reply
from consilium.people.models import Person, Study
from consilium.workqueue.claim import next_claim
from consilium.workqueue.models import Claim, Round, Submission
from consilium.workqueue.submit import submit
from curation.models import Question
from tests.factories import curation as making
from tests.factories.cast import Cast

MODELS = ("Zephyrion-7B", "Quillmed-13B")


def response(question: Question, endpoint: ModelEndpoint, text: str) -> Response:
    key = hashlib.sha256(f"{question.pk} {endpoint.pk}".encode()).hexdigest()
    reply = Reply.objects.create(endpoint=endpoint, request_sha256=key, text=text)
    return Response.objects.create(
        study=question.study, question=question, endpoint=endpoint, reply=reply, text=text, original=text
    )


def answered(study: Study, questions: int, models: Sequence[str] = MODELS) -> list[Question]:
    """Ready test questions with one answer of each model."""
    source = making.source(study)
    endpoints = [making.endpoint(name, family=f"family-{name}") for name in models]
    made = [making.question(study, source, number, use="test") for number in range(questions)]
    for question in made:
        for number, endpoint in enumerate(endpoints, start=1):
            text = f"The field of {question.external_id} is plain; remark {number}.\n\nAnswer: A"
            response(question, endpoint, text)
    return made


def opened(cast: Cast, questions: int = 1, models: Sequence[str] = MODELS) -> Round:
    answered(cast.study, questions, models)
    return open_comparison_round(study=cast.study, name="Round 1", by=cast.lena)


def set_up(study: Study, **settings: object) -> None:
    study.settings_data = {**study.settings_data, **settings}
    study.save()


def content(choice: str = "first_clearly", harm: str = "neither", **others: str) -> dict[str, Any]:
    """A vote in the shown frame; a dimension named apart gets its own choice."""
    choices = {name: others.get(name, choice) for name in DIMENSIONS}
    reasons = {name: "missing_context" for name, value in choices.items() if value == "cannot_judge"}
    return {"choices": choices, "reasons": reasons, "rationales": {}, "harm": harm}


def claim(study: Study, person: Person, kind: str = "compare") -> Claim:
    found = next_claim(study=study, person=person, kind=kind)
    assert found is not None
    return found


def shown(claim: Claim, letter: str, strength: str = "clearly") -> str:
    """The shown choice with which this reader prefers answer a or b."""
    return f"{'first' if claim.shown['first'] == letter else 'second'}_{strength}"


def send(claim: Claim, body: dict[str, Any], base: int = 0) -> Submission:
    return submit(
        claim_token=claim.token,
        person=claim.person,
        content=body,
        idempotency_key=uuid.uuid4(),
        base_version=base,
    )


def vote(study: Study, person: Person, letter: str = "a", harm: str = "neither", **others: str) -> Submission:
    """Claim the next case and vote for answer `letter`; others by name: a, b or cannot_judge."""
    mine = claim(study, person)
    special = {
        name: value if value == "cannot_judge" else shown(mine, value) for name, value in others.items()
    }
    flag = harm if harm in ("neither", "both") else shown(mine, harm).partition("_")[0]
    return send(mine, content(shown(mine, letter), flag, **special))


def only_case() -> Case:
    return Case.objects.get()
