"""The client's only way to the network: refuses other hosts, keeps the token at home, counts bytes. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx

from consilium.hub.address import HubAddress
from consilium.refusals import Refused

CONNECT_SECONDS: Final = 10.0
PIECE: Final = 1 << 16
Counted = Callable[[int], None]


class HostRefused(Refused):
    """The Hub sent the client elsewhere; the text names the host."""


class Wire(httpx.BaseTransport):
    """Carries requests to the endpoint and, without the token, to its storage hosts; to nobody else.

    `counted` hears how many bytes of a file were sent or received.
    """

    def __init__(self, address: HubAddress, counted: Counted) -> None:
        self._address, self._counted = address, counted
        self._inner = httpx.HTTPTransport(http1=True)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises HostRefused before anything is sent."""
        url = str(request.url)
        if not self._address.is_endpoint(url):
            if not self._address.is_storage(url):
                raise HostRefused(
                    f"The Hub names the host {request.url.host}, which this site does not speak to. If it is "
                    "the Hub's own storage, an operator adds it to CONSILIUM_HUB_STORAGE."
                )
            if "authorization" in request.headers:
                raise HostRefused(f"The Hub asks for the token to be sent to {request.url.host}; it is not.")
        if request.method == "PUT":
            request.stream = _Counting(request.stream, self._counted)
        response = self._inner.handle_request(request)
        if "/resolve/" in request.url.path or not self._address.is_endpoint(url):
            response.stream = _Counting(response.stream, self._counted)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _Counting(httpx.SyncByteStream):
    """A body whose bytes are told as they pass, in pieces."""

    def __init__(self, body: Any, counted: Counted) -> None:
        self._body, self._counted = body, counted

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            for start in range(0, len(chunk), PIECE):
                piece = chunk[start : start + PIECE]
                yield piece
                self._counted(len(piece))

    def close(self) -> None:
        if close := getattr(self._body, "close", None):
            close()


def new_session(address: HubAddress, counted: Counted) -> httpx.Client:
    """A session for huggingface_hub; redirects pass through the same rules, hop by hop."""
    return httpx.Client(
        transport=Wire(address, counted),
        follow_redirects=True,
        timeout=httpx.Timeout(address.seconds, connect=CONNECT_SECONDS),
        trust_env=False,
    )
