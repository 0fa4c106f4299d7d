"""An evaluation against a server that fails now and then: it ends, and no failure is taken for an answer."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from benchmark.models import Evaluation, Verdict
from consilium.answers.dimensions import DIMENSIONS
from consilium.inference import targets
from consilium.inference.chat_client import NO_ANSWER, CallLimits
from consilium.inference.models import Reply
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.chat_server import Stub, answered

GOOD = json.dumps(dict.fromkeys(DIMENSIONS, "A"))
BROKEN = "The server is overloaded or broken (HTTP 500)."
BUSY = "The server is overloaded or broken (HTTP 429)."


@dataclass
class Unreliable:
    """Of the tries 10 % end in HTTP 500, 5 % in 429, 2 % hang, 1 % break off; `lasting` names cases that
    always get the same trouble. `did` counts what became of the tries.
    """

    retry_after: str = "0"
    hang_seconds: float = 60.0
    lasting: dict[str, str] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)

    async def __call__(self, stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        key = str(body["messages"][0]["content"])
        asked = " ".join(part.get("text", "") for part in body["messages"][0]["content"])
        kinds = [kind for named, kind in self.lasting.items() if named in asked]
        kind = kinds[0] if kinds else self._drawn(f"{asked} {attempt}")
        self.did[kind] += 1
        if kind == "broken":
            return web.Response(status=500, text=GOOD)
        if kind == "busy":
            return web.Response(status=429, text=GOOD, headers={"Retry-After": self.retry_after})
        if kind == "hangs":
            await asyncio.sleep(self.hang_seconds)
        return await _breaks_off(stub.requests[key]) if kind == "breaks off" else answered(GOOD)

    def _drawn(self, of: str) -> str:
        kinds = ("broken", "busy", "hangs", "breaks off", "answers")
        return random.Random(of).choices(kinds, (10, 5, 2, 1, 82))[0]


async def _breaks_off(request: web.Request) -> web.StreamResponse:
    """The whole verdict, and then the connection ends before the rest of the bytes that were promised."""
    response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(answered(GOOD).body)  # type: ignore[arg-type]
    assert request.transport is not None
    request.transport.close()
    return response


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's patience and the waits between tries are short."""
    limits = partial(CallLimits, answer_seconds=4, first_wait=0.001, longest_wait=5)
    monkeypatch.setattr(targets, "CallLimits", limits)


def judged(cast: Cast, server: Unreliable, cases: int) -> Evaluation:
    """An evaluation of so many cases, as it stands when its job is over."""
    release = making.preferences(cast, "A" * cases)
    with Stub(server) as stub:
        (made,) = making.launched(cast, release, making.endpoint("judge", base_url=stub.url))
        run_now(made.job)
    made.refresh_from_db()
    return made


def check_nothing_is_taken_for_an_answer(made: Evaluation, lost: int) -> None:
    """Every verdict is a whole answer's, and as many are there as the server answered."""
    left = made.expected_calls - lost
    assert Verdict.objects.count() == Reply.objects.count() == left
    assert set(Reply.objects.values_list("text", flat=True)) == {GOOD}
    assert set(Verdict.objects.values_list("parsed__overall", flat=True)) == {"A"}


@pytest.mark.usefixtures("quick")
def test_an_unreliable_server_costs_tries_and_every_failure_is_counted(cast: Cast) -> None:
    server = Unreliable(lasting={"words of 3.": "broken", "words of 4.": "breaks off"})
    made = judged(cast, server, 50)
    check_nothing_is_taken_for_an_answer(made, 4)
    assert made.job.state == JobState.FAILED
    assert made.job.error == f"4 of 100 calls got no answer: 2 times: {BROKEN} 2 times: {NO_ANSWER}"
    silent = server.did["hangs"] + server.did["breaks off"]
    told = {BROKEN: server.did["broken"], BUSY: server.did["busy"], NO_ANSWER: silent}
    assert made.run_card["failed_tries"] == {reason.rstrip("."): n for reason, n in told.items()}
    assert min(told.values()) >= 3


@pytest.mark.soak
@pytest.mark.usefixtures("quick")
def test_a_thousand_calls_to_an_unreliable_server_lose_only_what_failed_every_time(cast: Cast) -> None:
    server = Unreliable(retry_after="1")
    made = judged(cast, server, 500)
    lost = 1000 - Verdict.objects.count()
    check_nothing_is_taken_for_an_answer(made, lost)
    assert lost <= 5  # a try fails in 18 of 100, and there are five of them
    assert made.job.error.startswith(f"{lost} of 1,000 calls got no answer" if lost else "")
    assert sum(made.run_card["failed_tries"].values()) == server.did.total() - 1000 + lost
