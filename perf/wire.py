"""One keep-alive connection to a server on this machine, with its cookies; every request is timed."""

import http.client
import json
import time
from typing import Any, NamedTuple, Protocol


class Answer(NamedTuple):
    """Status, headers (lower case), body, and the seconds from the request to the last byte."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Asks(Protocol):
    """What a reader needs of a connection."""

    port: int
    cookies: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send one request (`body` as JSON) and read the whole answer."""

    def close(self) -> None:
        """Hang up; the next request connects anew."""


class Wire:
    """Asks as one browser would; `headers` go with every request."""

    def __init__(
        self, port: int, *, headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None
    ) -> None:
        self.port, self.cookies = port, dict(cookies or {})
        self._headers = headers or {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send one request (`body` as JSON unless it is bytes) and read the whole answer."""
        sent = {**self._headers, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        payload = body
        if body is not None and not isinstance(body, bytes):
            sent["Content-Type"], payload = "application/json", json.dumps(body)
        started = time.perf_counter()
        self._connection.request(method, path, payload, sent)
        answer = self._connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - started
        keep_cookies(self.cookies, answer.getheaders())
        return Answer(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, content, seconds
        )

    def close(self) -> None:
        """Hang up; the next request connects anew."""
        self._connection.close()


def keep_cookies(cookies: dict[str, str], headers: list[tuple[str, str]]) -> None:
    """Put what an answer sets into the jar."""
    for name, value in headers:
        if name.lower() == "set-cookie":
            key, _, rest = value.strip().partition("=")
            cookies[key] = rest.split(";")[0]
