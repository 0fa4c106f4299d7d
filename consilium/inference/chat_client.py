"""Carries requests to one server: an event loop in its own thread, with retries, and no database at all.

aiohttp is imported when a client is at work: every command would wait for it otherwise.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from consilium.inference.chat_completion import Answer, NotAnAnswer, read_answer
from consilium.inference.chat_request import RequestBody, WireRequest

if TYPE_CHECKING:
    import aiohttp

log = structlog.get_logger(__name__)
CHUNK = 256 * 1024
TOO_MANY = 429
SERVER_ERROR = 500
# One sentence for refused, timed out, cut, not HTTP, wrong certificate: who may add an address must not
# learn from it what listens where. The log tells them apart.
NO_ANSWER = "The server gave no answer that can be read; the operator finds the cause in the log."


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How a server is asked: requests in flight, attempts per request, seconds and bytes per answer."""

    in_flight: int = 64
    attempts: int = 5
    connect_seconds: float = 10.0
    answer_seconds: float = 300.0
    answer_bytes: int = 8 * 1024 * 1024
    first_wait: float = 0.25
    longest_wait: float = 60.0


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What came of the request with this hash: an answer, or the reason why there is none (for people).

    `failed_tries`: why each try failed that was, or could have been, repeated. The request's bytes are not
    kept: many outcomes may wait to be taken.
    """

    sha256: str
    answer: Answer | None
    reason: str
    latency_ms: int
    failed_tries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerLost:
    """The connection to this address broke: `ChatClient.use` must name an address before requests go on."""

    address: str


Event = CallOutcome | ServerLost | BaseException


class _Again(Exception):
    """The attempt may be repeated after `wait` seconds; it uses up `cost` attempts."""

    def __init__(self, reason: str, *, wait: float = 0.0, cost: int = 1, lost: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.cost, self.lost = wait, cost, lost


class _Final(Exception):
    """Asking again would not help."""


class ChatClient:
    """Sends requests from any thread with `send`; what comes back is taken with `take`."""

    def __init__(self, address: str, headers: dict[str, str], limits: CallLimits, *, can_move: bool) -> None:
        self._address = address
        self._headers = headers
        self._limits = limits
        self._can_move = can_move
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._inbox: asyncio.Queue[WireRequest] = asyncio.Queue()
        self._stopping = asyncio.Event()
        self._found: asyncio.Event | None = None
        self._logged: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="model-calls", daemon=True)
        self._thread.start()

    def send(self, requests: Iterable[WireRequest]) -> None:
        """Queue requests; each leads to one CallOutcome."""
        self._loop.call_soon_threadsafe(self._put, list(requests))

    def take(self, seconds: float) -> list[CallOutcome | ServerLost]:
        """All events that are there; waits up to `seconds` for the first. Raises what broke the loop."""
        events: list[CallOutcome | ServerLost] = []
        try:
            event = self._events.get(timeout=seconds)
            while True:
                if isinstance(event, BaseException):
                    raise event
                events.append(event)
                event = self._events.get_nowait()
        except Empty:
            return events

    def use(self, address: str) -> None:
        """Go on with this address after a ServerLost."""
        self._loop.call_soon_threadsafe(self._move, address)

    def close(self) -> None:
        """Drop every request in flight and end the thread; answers already received stay to be taken."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    # --- inside the loop ---

    def _put(self, requests: list[WireRequest]) -> None:
        for request in requests:
            self._inbox.put_nowait(request)

    def _move(self, address: str) -> None:
        self._address = address
        if self._found is not None:
            self._found.set()
            self._found = None

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._work())
        except Exception as error:
            self._events.put(error)
        finally:
            # Not asyncio.run: it would wait for a name look-up in the executor, and cancelling must be quick.
            self._loop.close()

    async def _work(self) -> None:
        import aiohttp

        from consilium.inference.names import Outward

        timeout = aiohttp.ClientTimeout(
            total=self._limits.answer_seconds, sock_connect=self._limits.connect_seconds
        )
        connector = aiohttp.TCPConnector(limit=self._limits.in_flight, resolver=Outward())
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity", **self._headers},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        ) as session:
            lanes = [asyncio.create_task(self._lane(session)) for _ in range(self._limits.in_flight)]
            await self._stopping.wait()
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _lane(self, session: aiohttp.ClientSession) -> None:
        try:
            while True:
                self._events.put(await self._carry(session, await self._inbox.get()))
        except Exception as error:  # a bug in this module must end the round, not hang it
            self._events.put(error)

    async def _carry(self, session: aiohttp.ClientSession, request: WireRequest) -> CallOutcome:
        left, wait = self._limits.attempts, self._limits.first_wait
        failed: tuple[str, ...] = ()
        while True:
            started, address = time.monotonic(), self._address
            try:
                answer = await self._exchange(session, address, request.body)
            except _Final as final:
                return CallOutcome(request.sha256, None, str(final), _ms_since(started), failed)
            except _Again as again:
                left -= again.cost
                failed += (str(again),)
                if left <= 0:
                    return CallOutcome(request.sha256, None, str(again), _ms_since(started), failed)
                if again.lost and self._can_move:
                    await self._wait_for_address(address)
                if self._address == address:
                    await asyncio.sleep(again.wait or wait * random.uniform(0.5, 1.0))
                    wait = min(wait * 2, self._limits.longest_wait)
            else:
                return CallOutcome(request.sha256, answer, "", _ms_since(started), failed)

    async def _wait_for_address(self, lost: str) -> None:
        if self._address != lost:
            return
        if self._found is None:
            self._found = asyncio.Event()
            self._events.put(ServerLost(lost))
        await self._found.wait()

    async def _exchange(self, session: aiohttp.ClientSession, address: str, body: RequestBody) -> Answer:
        import aiohttp

        url = f"{address}/chat/completions"
        size = {"Content-Length": str(sum(map(len, body)))}
        try:
            async with session.post(url, data=_InTurn(body), headers=size, allow_redirects=False) as response:
                data = await self._read(response)
                self._check_status(response)
        except TimeoutError as error:
            raise self._no_answer(error, cost=2) from None
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError) as error:
            raise self._no_answer(error, lost=True) from None
        except aiohttp.ClientError as error:
            self._no_answer(error)
            raise _Final(NO_ANSWER) from None
        try:
            return read_answer(data)
        except NotAnAnswer as wrong:
            raise _Final(str(wrong)) from None

    def _no_answer(self, error: Exception, *, cost: int = 1, lost: bool = False) -> _Again:
        """The attempt may be repeated; each kind of cause is logged once per client."""
        cause = type(error).__name__
        if cause not in self._logged:
            self._logged.add(cause)
            log.warning("model.no_answer", at=urlsplit(self._address).netloc, cause=cause)
        return _Again(NO_ANSWER, cost=cost, lost=lost)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._limits.answer_bytes
        chunks: list[bytes] = []
        size = 0
        while chunk := await response.content.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise _Final(f"The server's answer is larger than {limit // 1024} KiB.")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _check_status(self, response: aiohttp.ClientResponse) -> None:
        status = response.status
        if status == TOO_MANY or status >= SERVER_ERROR:
            wait = retry_after(response.headers.get("Retry-After", ""))
            if wait > self._limits.longest_wait:
                raise _Final(f"The server asks to come back in {wait:.0f} s (HTTP {status}).")
            raise _Again(f"The server is overloaded or broken (HTTP {status}).", wait=wait)
        if status in range(300, 400):
            raise _Final(f"The server redirects to another address (HTTP {status}); that is never followed.")
        if status != 200:
            raise _Final(f"The server refuses the request (HTTP {status}).")


class _InTurn:
    """The parts as they are: joined, every request in flight would hold a copy of its pictures.

    A generator that is dropped in the middle would have to be closed by the loop.
    """

    def __init__(self, body: RequestBody) -> None:
        self._parts = iter(body)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for part in self._parts:
            return part
        raise StopAsyncIteration


def retry_after(value: str) -> float:
    """Seconds that a Retry-After header asks for: a number, or a date; 0 when it says nothing readable."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
