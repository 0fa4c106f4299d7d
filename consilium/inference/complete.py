"""Asks a model many questions: cached replies first, the rest over HTTP with bounded concurrency.

The calling thread does the database and the callbacks, the client's thread does HTTP, and neither waits for
the other while it has something to do.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from consilium.inference import replies
from consilium.inference.chat_client import CallLimits, CallOutcome, ChatClient, ServerLost
from consilium.inference.chat_request import (
    ChatRequest,
    RequestBody,
    RequestHashes,
    WireRequest,
    body_of,
    written,
)
from consilium.inference.models import ModelEndpoint, Reply
from consilium.inference.permissions import check_askable, check_may_ask
from consilium.inference.targets import target_of
from consilium.people.models import Study

POLL_SECONDS = 0.2
# Requests that are ready before the server has room for them, each with its images in memory.
AHEAD = 32
# While the server has more to do, a few answers wait a moment for others: each batch of them is a commit.
FEW, GATHER_SECONDS = 16, 0.02
CUT = "length"


@dataclass(slots=True)
class CompletionTally:
    """How a round went: asks answered, how many of these from stored replies, (tag, reason) of the others.

    `failed_tries` counts by reason what went wrong on the way, also where a later try succeeded.
    """

    done: int = 0
    cached: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    failed_tries: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        """All asks of the round that came to an end."""
        return self.done + len(self.failed)

    @property
    def causes(self) -> str:
        """Why asks failed, for people: the reason, or each with its number, the commonest first."""
        found = Counter(reason for _, reason in self.failed)
        if len(found) == 1:
            return next(iter(found))
        return " ".join(f"{number} times: {reason}" for reason, number in found.most_common())


@dataclass(frozen=True, slots=True)
class _Waiter:
    """An ask that waits for the reply to one request; `is_longer`: its second try, with a doubled limit."""

    ask: ChatRequest
    is_longer: bool = False

    @property
    def max_tokens(self) -> int:
        return self.ask.max_tokens * 2 if self.is_longer else self.ask.max_tokens


def complete_all(
    endpoint: ModelEndpoint,
    asks: Iterable[ChatRequest],
    *,
    study: Study | None,
    on_reply: Callable[[ChatRequest, Reply], None],
    check: Callable[[], None],
    on_failure: Callable[[ChatRequest, str], None] | None = None,
    limits: CallLimits | None = None,
    is_sampled: bool = False,
    for_scores: bool = False,
) -> CompletionTally:
    """Ask every question once; return the counts when all are answered or have failed.

    `study` is the one that asks (None: the site itself): it must be allowed to, and replies stay with it.

    `asks` is read as there is room for more, so that the images of a whole round need not fit in memory;
    `is_sampled` says whether some of them have a temperature above 0; `for_scores`, whether a reply may be a
    number (`score_request`).
    A reply that is stored already is used again. A new one is stored first, then `on_reply(ask, reply)` is
    called in the calling thread. A reply cut at its length limit is stored and asked once more with twice the
    limit. `on_failure(ask, reason)` is called for one that got no answer.
    `check` is called at least every 0.2 s and may raise to stop; answers that arrived until then are stored.
    Raises EndpointRefused, ServingFailed, and whatever `check` and `on_reply` raise.
    """
    if study is None:
        check_askable(endpoint)
    else:
        check_may_ask(endpoint, study=study, for_scores=for_scores)
    return _Round(endpoint, study, asks, on_reply, on_failure, check, limits, is_sampled).run()


class _Round:
    """The state of one `complete_all`, owned by the calling thread."""

    def __init__(
        self,
        endpoint: ModelEndpoint,
        study: Study | None,
        asks: Iterable[ChatRequest],
        on_reply: Callable[[ChatRequest, Reply], None],
        on_failure: Callable[[ChatRequest, str], None] | None,
        check: Callable[[], None],
        limits: CallLimits | None,
        is_sampled: bool,
    ) -> None:
        self._endpoint = endpoint
        self._study = study
        self._target = target_of(endpoint)
        self._limits = self._target.limits(limits, is_sampled)
        self._is_sampled = is_sampled
        self._asks: Iterator[ChatRequest] = iter(asks)
        self._on_reply = on_reply
        self._on_failure = on_failure
        self._check = check
        self._client: ChatClient | None = None
        self._hashes = RequestHashes(endpoint.revision)
        self._waiting: dict[str, list[_Waiter]] = {}
        self._asked = CompletionTally()

    def run(self) -> CompletionTally:
        try:
            while self._feed() or self._waiting:
                self._receive()
        finally:
            self._close()
        return self._asked

    def _feed(self) -> bool:
        """Route more asks until enough are in flight; False when there are none left."""
        batch = max(16, min(AHEAD, self._limits.in_flight))
        while len(self._waiting) <= self._limits.in_flight + batch:
            self._check()
            chunk = list(islice(self._asks, batch))
            if not chunk:
                return False
            if not self._is_sampled and any(ask.temperature > 0 for ask in chunk):
                raise ValueError("An ask has a temperature, and the round was not announced as sampled.")
            self._route([_Waiter(ask) for ask in chunk])
        return True

    def _route(self, waiters: list[_Waiter]) -> None:
        """Answer from stored replies, join requests already in flight, send the others."""
        while waiters:
            fresh: dict[str, tuple[RequestBody, ChatRequest]] = {}
            for waiter in waiters:
                form = _canonical(self._endpoint, waiter)
                sha256 = self._hashes.sha256(form, waiter.ask.salt)
                if sha256 not in self._waiting:
                    fresh[sha256] = (form, waiter.ask)
                self._waiting.setdefault(sha256, []).append(waiter)
            known = replies.stored(self._endpoint, self._study, fresh)
            wire = self._target.on_the_wire
            self._send([WireRequest(sha256, wire(*fresh[sha256])) for sha256 in fresh if sha256 not in known])
            waiters = self._deliver(known.values(), is_cached=True)

    def _send(self, requests: list[WireRequest]) -> None:
        if not requests:
            return
        if self._client is None:
            target = self._target
            self._client = ChatClient(
                target.address(self._check), target.headers(), self._limits, can_move=target.can_move
            )
        self._client.send(requests)

    def _receive(self) -> None:
        self._check()
        if self._client is None:
            return
        events = self._client.take(POLL_SECONDS)
        if 0 < len(events) < FEW and len(self._waiting) > self._limits.in_flight:
            time.sleep(GATHER_SECONDS)
            events += self._client.take(0)
        outcomes = [event for event in events if isinstance(event, CallOutcome)]
        self._route(self._deliver(self._store(outcomes), is_cached=False))
        for outcome in outcomes:
            self._asked.failed_tries.update(outcome.failed_tries)
            if outcome.answer is None:
                self._fail(outcome)
        if any(isinstance(event, ServerLost) for event in events):
            self._client.use(self._target.address(self._check))

    def _store(self, outcomes: Iterable[CallOutcome]) -> Iterable[Reply]:
        good = [(o.sha256, o.answer, o.latency_ms) for o in outcomes if o.answer is not None]
        return replies.store(self._endpoint, self._study, good).values() if good else ()

    def _deliver(self, rows: Iterable[Reply], *, is_cached: bool) -> list[_Waiter]:
        """Hand stored replies to those who wait; return those whose reply was cut and who try once more."""
        again: list[_Waiter] = []
        for reply in rows:
            for waiter in self._waiting.pop(reply.request_sha256):
                if reply.finish_reason == CUT and not waiter.is_longer:
                    again.append(_Waiter(waiter.ask, is_longer=True))
                    continue
                self._on_reply(waiter.ask, reply)
                self._asked.done += 1
                self._asked.cached += is_cached
        return again

    def _fail(self, outcome: CallOutcome) -> None:
        for waiter in self._waiting.pop(outcome.sha256):
            self._asked.failed.append((waiter.ask.tag, outcome.reason))
            if self._on_failure is not None:
                self._on_failure(waiter.ask, outcome.reason)

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            late = self._client.take(0)
            self._store(event for event in late if isinstance(event, CallOutcome))


def is_asked_as(endpoint: ModelEndpoint, ask: ChatRequest, sha256: str) -> bool:
    """Whether a reply to the ask is kept under this hash: of its first try, or of its longer second one."""
    hashes = RequestHashes(endpoint.revision)
    return any(
        hashes.sha256(_canonical(endpoint, _Waiter(ask, is_longer)), ask.salt) == sha256
        for is_longer in (False, True)
    )


def _canonical(endpoint: ModelEndpoint, waiter: _Waiter) -> RequestBody:
    return written(body_of(waiter.ask, endpoint.model_id or endpoint.path, waiter.max_tokens))
