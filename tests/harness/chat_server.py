"""A small chat server on loopback, in its own thread, that misbehaves on demand."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from threading import Thread
from types import TracebackType
from typing import Any

import orjson
from aiohttp import web

Behave = Callable[["Stub", dict[str, Any], int], Awaitable[web.StreamResponse]]


def completion(text: str | None, **fields: Any) -> dict[str, Any]:
    """The JSON of one chat completion."""
    message = {"role": "assistant", "content": text, **fields.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": fields.pop("finish_reason", "stop")}
    return {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}, **fields}


def answered(text: str | None, **fields: Any) -> web.Response:
    """A good response."""
    return web.Response(body=orjson.dumps(completion(text, **fields)), content_type="application/json")


async def echo(stub: "Stub", body: dict[str, Any], attempt: int) -> web.StreamResponse:
    """Answer with the question."""
    return answered(f"echo {body['messages'][0]['content']}")


class Stub:
    """`with Stub(behave) as stub:` serves until the block ends; `bodies` are all requests received."""

    def __init__(self, behave: Behave = echo) -> None:
        self.behave = behave
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.attempts: Counter[str] = Counter()
        self.requests: dict[str, web.Request] = {}
        self.in_flight = self.most_in_flight = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> "Stub":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        await self._runner.cleanup()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        key = str(body["messages"][0]["content"])
        self.attempts[key] += 1
        self.bodies.append(body)
        self.requests[key] = request
        self.headers.append(dict(request.headers))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self.behave(self, body, self.attempts[key])
        finally:
            self.in_flight -= 1
