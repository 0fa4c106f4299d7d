"""A browser without a screen: cookies, forms, and answers as static/workqueue/server.js reads them."""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.deploy.journal import Journal
from tests.harness.proxies import NAME

SITE = f"https://{NAME}"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
# static/workqueue/server.js and outbox.js
PATIENCE_SECONDS = 30.0
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
# What a person waits before trying a page again; after so long without any answer a person calls somebody.
PERSON_WAITS, UNHEALED_SECONDS = 3.0, 120.0
Kind = Literal["done", "refused", "later", "login"]


@dataclass(frozen=True)
class Answer:
    """`cause` says why the same has to be sent again: a status, or what became of the connection."""

    kind: Kind
    status: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    url: str = ""
    wait: float = 0.0
    cause: str = ""


class Unhealed(RuntimeError):
    """An error that trying again does not heal."""


class _Proxy(AbstractResolver):
    """Every name is the proxy's."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        found = ResolveResult(
            hostname=host, host=self._address, port=port, family=socket.AF_INET, proto=0, flags=0
        )
        return [found]

    async def close(self) -> None:
        """Nothing is open."""


class Browser:
    """One person's browser, at one address of a clinic."""

    def __init__(self, person: str, proxy: str, clinic: str, trust: str, journal: Journal) -> None:
        self.person, self.journal = person, journal
        connector = aiohttp.TCPConnector(
            resolver=_Proxy(proxy),
            local_addr=(clinic, 0),
            ssl=ssl.create_default_context(cafile=trust),
            family=socket.AF_INET,
        )
        timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    # -- pages --

    async def log_in(self, password: str) -> None:
        """Through the form, as a person does."""
        page = await self.page("GET", "/accounts/login/")
        found = TOKEN.search(page.text)
        assert found, page.text[:300]
        fields = {"csrfmiddlewaretoken": found[1], "login": self.person, "password": password}
        arrived = await self.page("POST", "/accounts/login/", data=fields)
        if "Log out" not in arrived.text:
            raise Unhealed(f"{self.person} cannot log in: {arrived.status} at {arrived.url}")

    async def page(self, method: str, path: str, **sent: Any) -> Answer:
        """A page, followed to where it leads; tried again until the site gives one."""

        async def ask() -> Answer:
            async with self._session.request(method, urljoin(SITE, path), headers=_FORM, **sent) as got:
                text = await got.text()
                if got.status == 429 or got.status >= 500:
                    return Answer("later", got.status, wait=_waits(got), cause=str(got.status))
                kind: Kind = "done" if got.status < 400 else "refused"
                return Answer(kind, got.status, text=text, url=got.url.path)

        return await self._until_known(f"{method} page", ask, first=PERSON_WAITS, longest=PERSON_WAITS)

    async def once(self, method: str, path: str, data: Any) -> Answer:
        """A page that is asked for one time; what became of it is not known without an answer."""
        try:
            async with self._session.request(method, urljoin(SITE, path), headers=_FORM, data=data) as got:
                return Answer("done", got.status, text=await got.text(), url=got.url.path)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            return Answer("later", cause=_cause(problem))

    # -- calls --

    async def call(self, path: str, body: dict[str, Any], csrf: str, **headers: str) -> Answer:
        """One call of the browser module; the next try is the caller's."""
        sent = {"X-CSRFToken": csrf, "Referer": f"{SITE}/", "Origin": SITE, **headers}
        try:
            async with self._session.post(
                urljoin(SITE, path), json=body, headers=sent, allow_redirects=False
            ) as got:
                return await _understood(got)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            return Answer("later", cause=_cause(problem))

    async def deliver(self, path: str, body: dict[str, Any], csrf: str, **headers: str) -> Answer:
        """The same until the server has said yes or no, as the outbox does."""
        what = path.rstrip("/").rpartition("/")[2]
        ask = lambda: self.call(path, body, csrf, **headers)  # noqa: E731
        answer = await self._until_known(what, ask, first=FIRST_WAIT, longest=LONGEST_WAIT)
        if answer.kind == "login":
            raise Unhealed(f"{what}: the session of {self.person} is over ({answer.status}).")
        return answer

    async def _until_known(
        self, what: str, ask: Callable[[], Awaitable[Answer]], *, first: float, longest: float
    ) -> Answer:
        loop, wait = asyncio.get_running_loop(), first
        began = loop.time()
        while True:
            try:
                answer = await ask()
            except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                answer = Answer("later", cause=_cause(problem))
            if answer.kind != "later":
                return answer
            self.journal.note("retry", call=what, cause=answer.cause, person=self.person)
            if loop.time() - began > UNHEALED_SECONDS:
                raise Unhealed(f"{what}: {answer.cause} for {UNHEALED_SECONDS:.0f} s")
            await asyncio.sleep(answer.wait or wait)
            wait = min(wait * 2, longest)


_FORM = {"Referer": f"{SITE}/", "Origin": SITE, "Accept": "text/html"}


async def _understood(got: aiohttp.ClientResponse) -> Answer:
    if got.status in (301, 302, 303, 307, 401):
        return Answer("login", got.status)
    body = await _json_of(got)
    if got.status == 429 or got.status >= 500:
        return Answer("later", got.status, wait=_waits(got), cause=str(got.status))
    if body is None:
        if got.status == 403:
            return Answer("login", got.status)
        return Answer("later", got.status, cause=f"{got.status} without JSON")
    return Answer("done" if got.status < 300 else "refused", got.status, body)


async def _json_of(got: aiohttp.ClientResponse) -> dict[str, Any] | None:
    if got.content_type != "application/json":
        return None
    try:
        body = await got.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _waits(got: aiohttp.ClientResponse) -> float:
    said = got.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else 0.0


def _cause(problem: BaseException) -> str:
    return "no answer in 30 s" if isinstance(problem, TimeoutError) else "connection"
