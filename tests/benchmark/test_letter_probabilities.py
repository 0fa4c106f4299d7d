"""Judges whose server tells how probable each letter was, and those whose server does not."""

import io
import json
import math
import re
from typing import Any

import pytest
from aiohttp import web
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from benchmark.launch import evaluate
from benchmark.models import Evaluation
from benchmark.reparse import reparse
from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.models import Reply
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Behave, Stub, answered

TEXT = json.dumps(dict.fromkeys(DIMENSIONS, "A") | {"relevance": "B", "creativity": "tie"})


def with_logprobs(text: str) -> dict[str, Any]:
    """The logprobs of a reply whose letters stand at 0.8 to 0.2, each a token of its own."""
    told = []
    for token in re.findall(r'(?<=")[AB](?=")|(?:(?!(?<=")[AB]").)+', text):
        first = {"A": 0.8, "B": 0.2} if token == "A" else {"B": 0.8, "A": 0.2}
        top = first if token in "AB" else {token: 1.0}
        told.append({
            "token": token, "logprob": math.log(top[token]), "bytes": list(token.encode()),
            "top_logprobs": [{"token": one, "logprob": math.log(share)} for one, share in top.items()],
        })  # fmt: skip
    assert "".join(one["token"] for one in told) == text
    return {"content": told}


async def tells(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    made = answered(TEXT)
    if body.get("logprobs"):
        assert isinstance(made.body, bytes)
        content = json.loads(made.body)
        content["choices"][0]["logprobs"] = with_logprobs(TEXT)
        made = web.json_response(content)
    return made


async def is_silent(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return answered(TEXT)


async def refuses(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return answered(TEXT) if "logprobs" not in body else web.Response(status=400, text="{}")


def judged(cast: Cast, behave: Behave, *, asks: bool = True) -> Evaluation:
    release = making.preferences(cast, "AB")
    with Stub(behave) as stub:
        judge = making.endpoint("judge", base_url=stub.url)
        (made,) = evaluate(
            study=cast.study, kind="judge", release=release, endpoints=[judge], by=cast.lena,
            letter_probabilities=asks,
        )  # fmt: skip
        run_now(made.job)
        assert all((body.get("top_logprobs") == 5) == asks for body in stub.bodies)
    return Evaluation.objects.get(pk=made.pk)


def test_verdicts_keep_how_probable_their_letters_were(cast: Cast) -> None:
    made = judged(cast, tells)
    probability = pytest.approx(0.8, abs=1e-4)
    wanted = dict.fromkeys(DIMENSIONS, probability) | {"relevance": pytest.approx(0.2, abs=1e-4)}
    del wanted["creativity"]  # a tie is no letter
    assert [verdict.probabilities for verdict in made.verdicts.all()] == [wanted] * 4
    assert made.run_card["letter_probabilities"] == "for 4 of 4 verdicts"
    assert len(Reply.objects.values_list("letters", flat=True)[0] or []) == 5
    before = list(made.verdicts.values("parsed", "probabilities", "reason"))
    made.verdicts.update(probabilities=None)
    reparse(evaluation=made, by=cast.lena)
    assert list(made.verdicts.values("parsed", "probabilities", "reason")) == before
    client = Client()
    client.force_login(cast.lena)
    shown = client.get(reverse("benchmark:evaluation", args=["chest", made.pk])).content.decode()
    assert (shown.count("80.0 %"), "the probability that the judge gives" in shown) == (20, True)


def test_a_server_that_tells_none_is_said_to_and_the_text_stands(cast: Cast) -> None:
    made = judged(cast, is_silent)
    assert made.job.state == JobState.SUCCEEDED
    assert {verdict.probabilities for verdict in made.verdicts.all()} == {None}
    assert {verdict.parsed["overall"] for verdict in made.verdicts.all()} == {"A"}
    told = "asked for, and the server gave none: the verdicts are those of the text"
    assert made.run_card["letter_probabilities"] == told


def test_a_server_that_refuses_them_is_named_with_what_to_do(cast: Cast) -> None:
    made = judged(cast, refuses)
    assert (made.job.state, made.verdicts.count()) == (JobState.FAILED, 0)
    assert made.job.error.endswith("launch again without them.")
    assert judged_without(made).job.state == JobState.SUCCEEDED


def judged_without(made: Evaluation) -> Evaluation:
    with Stub(refuses) as stub:
        made.endpoint.base_url = stub.url
        made.endpoint.save()
        (again,) = evaluate(
            study=made.study, kind="judge", release=made.release, endpoints=[made.endpoint],
            by=made.created_by,
        )  # fmt: skip
        run_now(again.job)
    again.refresh_from_db()
    return again


def test_nobody_is_asked_for_them_unasked(cast: Cast) -> None:
    made = judged(cast, tells, asks=False)
    assert (made.settings, made.run_card["letter_probabilities"]) == ({"max_tokens": 512}, "")
    assert set(Reply.objects.values_list("letters", flat=True)) == {None}


def test_page_and_command_ask_for_them(cast: Cast) -> None:
    release, judge = making.preferences(cast), making.endpoint("judge")
    client = Client()
    client.force_login(cast.lena)
    address = reverse("benchmark:launch", args=["chest", "judge"])
    assert "Ask how probable each letter was" in client.get(address).content.decode()
    solvers = reverse("benchmark:launch", args=["chest", "solver"])
    assert "Ask how probable" not in client.get(solvers).content.decode()
    sent = {"release": release.pk, "endpoints": [judge.pk], "standard": "on", "letter_probabilities": "on"}
    assert client.post(address, sent).status_code == 302
    other = making.endpoint("other")
    out = io.StringIO()
    call_command(
        "judge", "--release", release.digest, "--endpoint", other.name, "--letter-probabilities",
        "--by", "lena", "--json", stdout=out,
    )  # fmt: skip
    assert [one.settings["letter_probabilities"] for one in Evaluation.objects.all()] == [True, True]
