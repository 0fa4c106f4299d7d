"""The engine against a server that misbehaves."""

import asyncio
import hashlib
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import structlog
from aiohttp import web

from consilium.inference import ports, replies
from consilium.inference.api_keys import api_key
from consilium.inference.chat_client import NO_ANSWER, CallLimits
from consilium.inference.chat_completion import Answer
from consilium.inference.chat_request import ChatRequest, RequestHashes, written
from consilium.inference.complete import complete_all
from consilium.inference.models import EndpointShare, ModelEndpoint, Reply
from consilium.inference.refusals import EndpointRefused
from tests.factories.cast import Cast
from tests.harness.ask import QUICK, ask, asks, endpoint_of, go
from tests.harness.chat_server import Stub, answered, completion, echo

pytestmark = pytest.mark.django_db


def test_every_question_gets_its_own_reply_and_each_is_stored() -> None:
    with Stub() as stub:
        endpoint = endpoint_of(stub)
        result, got = go(endpoint, asks(50))
    assert (result.done, result.cached, result.failed) == (50, 0, [])
    assert got["question 7"].text == "echo question 7"
    assert Reply.objects.filter(endpoint=endpoint).count() == 50
    assert stub.most_in_flight <= QUICK.in_flight


def test_reply_is_stored_before_the_callback_in_the_calling_thread() -> None:
    seen: list[bool] = []

    def on_reply(a: ChatRequest, reply: Reply) -> None:
        stored = Reply.objects.filter(pk=reply.pk, text=reply.text).exists()
        seen.append(stored and threading.current_thread() is threading.main_thread())

    with Stub() as stub:
        complete_all(
            endpoint_of(stub), asks(5), study=None, on_reply=on_reply, check=lambda: None, limits=QUICK
        )
    assert seen == [True] * 5


def test_a_reply_that_another_worker_stored_first_stays_and_is_the_one_returned() -> None:
    endpoint = ModelEndpoint.objects.create(
        name="m", base_url="http://127.0.0.1:1/v1", model_id="m", family="m"
    )
    told = Answer(
        text="first", reasoning="", finish_reason="stop", prompt_tokens=1, completion_tokens=1, letters=None
    )
    first = replies.store(endpoint, None, [("0" * 64, told, 5)])["0" * 64]
    late = [("0" * 64, replace(told, text="late"), 5), ("1" * 64, replace(told, text="other"), 5)]
    stored = replies.store(endpoint, None, late)
    assert stored["0" * 64].pk == first.pk
    assert {sha256: row.text for sha256, row in stored.items()} == {"0" * 64: "first", "1" * 64: "other"}
    # What is returned without being read back is what the database holds.
    assert dict(Reply.objects.values_list("pk", "text")) == {row.pk: row.text for row in stored.values()}


def test_asks_are_made_as_there_is_room_for_them() -> None:
    made: list[int] = []
    most_ahead = 0

    def on_reply(a: ChatRequest, reply: Reply) -> None:
        nonlocal most_ahead
        answered_so_far.append(a.tag)
        most_ahead = max(most_ahead, len(made) - len(answered_so_far))

    def one_by_one() -> Iterator[ChatRequest]:
        for number, wanted in enumerate(asks(200)):
            made.append(number)
            yield wanted

    answered_so_far: list[str] = []
    with Stub() as stub:
        result = complete_all(
            endpoint_of(stub), one_by_one(), study=None, on_reply=on_reply, check=lambda: None, limits=QUICK
        )
    assert (result.asked, len(made)) == (200, 200)
    assert most_ahead <= 2 * QUICK.in_flight + 2 * 16


def test_another_salt_asks_anew_with_the_same_bytes_and_keeps_both_replies() -> None:
    plain = asks(3)
    salted = [replace(one, salt="repeat 1") for one in plain]
    with Stub() as stub:
        endpoint = endpoint_of(stub)
        go(endpoint, plain)
        before = [written(body) for body in stub.bodies]
        again, _ = go(endpoint, salted)
        assert sorted(map(written, stub.bodies[3:])) == sorted(before)
        assert (again.done, again.cached) == (3, 0)
        assert go(endpoint, salted)[0].cached == go(endpoint, plain)[0].cached == 3
        assert len(stub.bodies) == 6
    assert Reply.objects.count() == 6
    # Replies of earlier versions are found again.
    assert RequestHashes("r1").sha256((b"{}",)) == hashlib.sha256(b"{}\nr1").hexdigest()


def test_a_round_that_samples_says_so_beforehand() -> None:
    with Stub() as stub:
        endpoint = endpoint_of(stub)
        with pytest.raises(ValueError, match="not announced as sampled"):
            complete_all(
                endpoint,
                [ask("x", temperature=1.0)],
                study=None,
                on_reply=lambda *_: None,
                check=lambda: None,
                limits=QUICK,
            )
        assert stub.bodies == []


def test_a_second_round_uses_the_stored_replies_without_any_request() -> None:
    with Stub() as stub:
        endpoint = endpoint_of(stub)
        go(endpoint, asks(20))
        asked_before = len(stub.bodies)
    # The server is gone: only the stored replies can answer.
    result, got = go(endpoint, asks(20))
    assert asked_before == 20
    assert (result.done, result.cached, len(got)) == (20, 20, 20)


def test_what_changes_the_request_changes_the_hash() -> None:
    variants = [ask("same"), ask("same", temperature=0.5), ask("same", seed=1), ask("same", max_tokens=9)]
    with Stub() as stub:
        endpoint = endpoint_of(stub)
        go(endpoint, variants)
        endpoint.revision = "r2"
        result, _ = go(endpoint, variants[:1])
        assert len(stub.bodies) == 5
    assert result.cached == 0
    assert [body.get("seed") for body in stub.bodies].count(1) == 1


def test_equal_questions_of_one_round_are_asked_once() -> None:
    with Stub() as stub:
        calls: list[str] = []
        same = [ChatRequest(messages=[{"role": "user", "content": "x"}], tag=str(n)) for n in range(5)]
        endpoint = endpoint_of(stub)
        result = complete_all(
            endpoint, same, study=None, on_reply=lambda a, _: calls.append(a.tag), check=lambda: None
        )
        assert len(stub.bodies) == 1
    assert result.done == 5
    assert sorted(calls) == ["0", "1", "2", "3", "4"]


def test_two_studies_that_ask_the_same_do_not_learn_of_each_other(cast: Cast) -> None:
    with Stub() as stub:
        endpoint = endpoint_of(stub)
        first, _ = go(endpoint, asks(3), study=cast.study)
        again, _ = go(endpoint, asks(3), study=cast.study)
        other, _ = go(endpoint, asks(3), study=cast.other_study)
    assert [result.cached for result in (first, again, other)] == [0, 3, 0]
    assert len(stub.bodies) == 6
    counted: Any = ModelEndpoint.objects.with_reply_counts(cast.other_study).get()
    assert counted.reply_count == 3


def test_replies_of_earlier_versions_stay_with_the_study_of_their_model(cast: Cast) -> None:
    with Stub() as stub:
        endpoint = endpoint_of(stub)
        go(endpoint, asks(2))  # stored without a study, as every reply was
        ModelEndpoint.objects.update(study=cast.study)
        endpoint.refresh_from_db()
        result, _ = go(endpoint, asks(2), study=cast.study)
        EndpointShare.objects.create(endpoint=endpoint, study=cast.other_study)
        other, _ = go(endpoint, asks(2), study=cast.other_study)
        EndpointShare.objects.all().delete()
        with pytest.raises(EndpointRefused, match="no such model"):
            go(endpoint, asks(2), study=cast.other_study)
    assert (result.cached, other.cached) == (2, 0)


async def fails_twice(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return (
        web.Response(status=500 if attempt == 1 else 503) if attempt < 3 else await echo(stub, body, attempt)
    )


async def drops_once(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    if attempt > 1:
        return await echo(stub, body, attempt)
    request = stub.requests[body["messages"][0]["content"]]
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    assert request.transport is not None
    request.transport.close()  # the promised bytes never come
    return response


@pytest.mark.parametrize("behave", [fails_twice, drops_once])
def test_passing_trouble_is_overcome(behave: Any) -> None:
    with Stub(behave) as stub:
        result, got = go(endpoint_of(stub), asks(3))
    assert (result.done, result.failed) == (3, [])
    assert got["question 0"].text == "echo question 0"


def test_retry_after_is_honoured() -> None:
    times: list[float] = []

    async def busy(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        times.append(time.monotonic())
        if attempt == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return await echo(stub, body, attempt)

    with Stub(busy) as stub:
        result, _ = go(endpoint_of(stub), asks(1))
    assert result.done == 1
    assert times[1] - times[0] >= 1.0


async def not_found(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return web.Response(status=404, text="secret detail")


async def html(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return web.Response(text="<html>Welcome</html>", content_type="text/html")


async def truncated(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return web.Response(text='{"choices": [{"message": {"content": "yes', content_type="application/json")


async def nothing(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return web.json_response({"choices": []})


async def a_list(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return web.json_response(completion(["not", "text"]))  # type: ignore[arg-type]


async def huge(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    return answered("x" * 300_000)


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (not_found, "refuses the request (HTTP 404)"),
        (html, "not JSON"),
        (truncated, "not JSON"),
        (nothing, "no message"),
        (a_list, "not text"),
        (huge, "larger than 200 KiB"),
    ],
)
def test_lasting_trouble_fails_once_and_stores_nothing(behave: Any, reason: str) -> None:
    with Stub(behave) as stub:
        result, got = go(endpoint_of(stub), asks(1), CallLimits(answer_bytes=200 * 1024))
        assert len(stub.bodies) == 1
    assert result.done == 0
    assert got == {}
    assert result.failed[0][0] == "question 0"
    assert reason in result.failed[0][1]
    assert "secret" not in result.failed[0][1]
    assert not Reply.objects.exists()


def test_a_redirect_is_never_followed() -> None:
    with Stub() as other:

        async def redirect(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
            raise web.HTTPTemporaryRedirect(f"{other.url}/chat/completions")

        with Stub(redirect) as stub:
            result, _ = go(endpoint_of(stub), asks(1))
        assert other.bodies == []
    assert "redirects" in result.failed[0][1]


def _says(*lines: bytes, hangs: bool = False) -> Iterator[int]:
    """The port of a service that speaks no HTTP: it says its lines to everybody and hangs up, or waits."""
    over = threading.Event()

    class Talker(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(64)
            self.request.sendall(b"".join(lines))
            if hangs:
                over.wait(10)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talker) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        over.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("service", "scheme", "cause"),
    [
        (None, "http", "ClientConnectorError"),
        (partial(_says, hangs=True), "http", "TimeoutError"),
        (_says, "http", "ServerDisconnectedError"),
        (partial(_says, b"SSH-2.0-OpenSSH_canary\r\n"), "http", "ClientResponseError"),
        (partial(_says, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"), "http", "ClientPayloadError"),
        (partial(_says, b"220 mail ready\r\n"), "https", "Client"),
    ],
)
def test_whatever_gives_no_answer_looks_the_same_to_who_added_it(
    service: Callable[[], Iterator[int]] | None, scheme: str, cause: str
) -> None:
    limits = CallLimits(in_flight=2, attempts=2, answer_seconds=0.3, first_wait=0.01)
    with contextmanager(service)() if service else nullcontext(ports.free_port()) as port:
        endpoint = ModelEndpoint.objects.create(
            name="x", base_url=f"{scheme}://127.0.0.1:{port}/v1", model_id="m", family="f"
        )
        with structlog.testing.capture_logs() as logged:
            result, _ = go(endpoint, asks(2), limits)
    assert [reason for _, reason in result.failed] == [NO_ANSWER] * 2
    lines = [entry for entry in logged if entry["event"] == "model.no_answer"]
    assert cause in lines[0]["cause"]
    assert (lines[0]["at"], len(lines)) == (f"127.0.0.1:{port}", 1)
    assert "canary" not in f"{logged}"


def test_a_cut_reply_is_asked_once_more_with_twice_the_limit() -> None:
    async def cut(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        enough = body["max_tokens"] >= (200 if "short" in body["messages"][0]["content"] else 1000)
        return answered(f"of {body['max_tokens']}", finish_reason="stop" if enough else "length")

    wanted = [ask("short", max_tokens=100), ask("long", max_tokens=100)]
    with Stub(cut) as stub:
        endpoint = endpoint_of(stub)
        result, got = go(endpoint, wanted)
        assert sorted(body["max_tokens"] for body in stub.bodies) == [100, 100, 200, 200]
    assert (got["short"].text, got["short"].finish_reason) == ("of 200", "stop")
    assert (got["long"].text, got["long"].finish_reason) == ("of 200", "length")
    again, same = go(endpoint, wanted)
    assert (again.done, again.cached, result.done) == (2, 2, 2)
    assert {tag: reply.pk for tag, reply in same.items()} == {tag: reply.pk for tag, reply in got.items()}


def test_thinking_in_its_own_field_is_kept() -> None:
    async def thinking(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        return answered("B\x00", message={"reasoning_content": "because"})

    with Stub(thinking) as stub:
        _, got = go(endpoint_of(stub), asks(1))
    reply = Reply.objects.get()
    assert (reply.text, reply.reasoning, reply.prompt_tokens) == ("B\N{REPLACEMENT CHARACTER}", "because", 7)
    assert got["question 0"].pk == reply.pk


class Stopped(Exception):
    """What a cancelled job's check raises."""


def test_cancelling_stops_within_a_second_and_keeps_what_arrived() -> None:
    asked = threading.Event()

    async def slow(stub: Stub, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        if body["messages"][0]["content"] != "question 0":
            asked.set()
            await asyncio.sleep(30)
        return await echo(stub, body, attempt)

    cancelled_at: list[float] = []

    def check() -> None:
        if asked.is_set() and Reply.objects.exists():
            cancelled_at.append(time.monotonic())
            raise Stopped

    with Stub(slow) as stub:
        with pytest.raises(Stopped):
            complete_all(
                endpoint_of(stub), asks(40), study=None, on_reply=lambda *_: None, check=check, limits=QUICK
            )
        assert time.monotonic() - cancelled_at[0] < 1.0
    assert Reply.objects.get().text == "echo question 0"
    assert not [thread for thread in threading.enumerate() if thread.name == "model-calls"]


def test_a_callback_that_raises_ends_the_round() -> None:
    def on_reply(a: ChatRequest, reply: Reply) -> None:
        raise Stopped

    with Stub() as stub, pytest.raises(Stopped):
        complete_all(
            endpoint_of(stub), asks(30), study=None, on_reply=on_reply, check=lambda: None, limits=QUICK
        )
    assert Reply.objects.exists()


def test_a_key_goes_to_its_own_endpoint_at_its_own_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_API_KEY_MY_MODEL_2", "canary-key")
    with Stub() as stub, Stub() as elsewhere:
        monkeypatch.setenv("CONSILIUM_API_HOST_MY_MODEL_2", f"127.0.0.1:{stub.port}")
        go(endpoint_of(stub, "my-model 2"), asks(1))
        go(endpoint_of(stub, "other"), asks(1))
        with pytest.raises(EndpointRefused, match="belongs to another address"):
            go(endpoint_of(elsewhere, "MY MODEL 2"), asks(1))
        monkeypatch.delenv("CONSILIUM_API_HOST_MY_MODEL_2")
        with pytest.raises(EndpointRefused, match="bound to no address"):
            go(endpoint_of(stub, "My-Model-2"), asks(1))
    assert [headers.get("Authorization") for headers in stub.headers] == ["Bearer canary-key", None]
    assert elsewhere.headers == []


def test_a_key_does_not_travel_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_API_KEY_FAR", "canary-key")
    monkeypatch.setenv("CONSILIUM_API_HOST_FAR", "gpu.example:8443")
    assert api_key("far", "https://gpu.example:8443/v1") == "canary-key"
    with pytest.raises(EndpointRefused, match="neither https nor on this machine"):
        api_key("far", "http://gpu.example:8443/v1")
    with pytest.raises(EndpointRefused, match="another address"):
        api_key("far", "https://gpu.example/v1")


def test_an_endpoint_out_of_use_or_off_the_list_is_not_asked(settings: Any) -> None:
    with Stub() as stub:
        endpoint = endpoint_of(stub)
        settings.MODEL_HOSTS = ["models.example"]
        with pytest.raises(EndpointRefused, match="not among the addresses"):
            go(endpoint, asks(1))
        endpoint.is_active = False
        with pytest.raises(EndpointRefused, match="no longer in use"):
            go(endpoint, asks(1))
        assert stub.bodies == []


def test_an_image_address_is_never_sent() -> None:
    message = {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}],
    }
    with Stub() as stub:
        with pytest.raises(ValueError, match="data URIs"):
            go(endpoint_of(stub), [ChatRequest(messages=[message], tag="x")])
        assert stub.bodies == []
