"""Models answer the test questions: through the real engine and a loopback server."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from aiohttp import web
from django.core.management import CommandError, call_command

from annotation.models import Response
from annotation.responses import NothingToAnswer, ask_for_answers
from consilium.inference.models import ModelEndpoint
from consilium.jobs.run import run_now
from consilium.people.permissions import NotAllowed
from curation.models import Source
from curation.permissions import SourceRefused
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.ask import endpoint_of
from tests.harness.chat_server import Stub, answered


async def solve(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return answered("<think>The field is red.</think><answer>A</answer>")


@pytest.fixture
def solver(cast: Cast) -> Iterator[ModelEndpoint]:
    with Stub(solve) as stub:
        yield endpoint_of(stub, "solver-one")


@pytest.fixture
def questions(cast: Cast) -> Source:
    """Two ready test questions; one of training use, one not ready, one whose image waits for its review."""
    of = making.source(cast.study)
    for number in (1, 2):
        making.question(cast.study, of, number, use="test")
    making.question(cast.study, of, 3, use="train")
    making.question(cast.study, of, 4, use="test", state="imported")
    making.question(cast.study, of, 5, use="test").images.update(state="quarantined")
    return of


def test_every_ready_test_question_is_answered_once(
    cast: Cast, solver: ModelEndpoint, questions: Source
) -> None:
    job = run_now(ask_for_answers(study=cast.study, endpoint=solver, by=cast.lena))
    assert (job.state, job.result) == ("succeeded", {"answered": 2}), job.error or job.error_detail
    assert set(Response.objects.values_list("question__external_id", flat=True)) == {"Q1", "Q2"}
    stored = Response.objects.first()
    assert stored is not None
    assert stored.text == "The field is red.\n\nAnswer: A"
    assert stored.original == "<think>The field is red.</think><answer>A</answer>"
    with pytest.raises(NothingToAnswer):
        ask_for_answers(study=cast.study, endpoint=solver, by=cast.lena)


def test_only_a_lead_asks_models(cast: Cast, solver: ModelEndpoint, questions: Source) -> None:
    with pytest.raises(NotAllowed):
        ask_for_answers(study=cast.study, endpoint=solver, by=cast.anna)


def test_a_source_that_must_stay_here_is_not_sent_to_a_hosted_model(
    cast: Cast, solver: ModelEndpoint, questions: Source
) -> None:
    ModelEndpoint.objects.update(is_hosted=True)
    solver.refresh_from_db()
    with pytest.raises(SourceRefused, match="Own archive"):
        ask_for_answers(study=cast.study, endpoint=solver, by=cast.lena)


def test_the_command_waits_and_reports(cast: Cast, solver: ModelEndpoint, questions: Source) -> None:
    out = StringIO()
    arguments = ["answer", "chest", "--endpoint", "solver-one", "--by", "lena", "--wait", "--json"]
    call_command(*arguments, stdout=out)
    told = json.loads(out.getvalue())["jobs"]["solver-one"]
    assert (told["state"], told["answered"]) == ("succeeded", 2)
    with pytest.raises(CommandError, match="has answered every") as refused:
        call_command(*arguments, stdout=out)
    assert refused.value.returncode == 2
