"""The allow-list of remote models: which addresses the workers may send requests to."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from consilium.inference.refusals import EndpointRefused

# No user part, query, fragment, backslash, blank or percent sign can pass: all URL parsers agree on the rest.
_ADDRESS = re.compile(r"https?://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_ENTRY = re.compile(
    r"(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?P<port>:(?P<first>[0-9]{1,5})(-(?P<last>[0-9]{1,5}))?)?"
)
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a list of addresses: a host and its ports; without ports those of http and https."""

    host: str
    first: int = 0
    last: int = 0

    @classmethod
    def read(cls, entry: str) -> "Listed | None":
        """`host`, `host:port` or `host:port-port`, an IPv6 host in brackets; None for anything else."""
        found = _ENTRY.fullmatch(entry.lower())
        if found is None:
            return None
        first = int(found["first"] or 0)
        last = int(found["last"] or first)
        if found["port"] and not 0 < first <= last < 2**16:
            return None
        return cls(found["host"], first, last)

    def covers(self, base_url: str) -> bool:
        """Whether a checked address is on this host and one of these ports."""
        scheme, host, port = parts_of(base_url)
        ports = (self.first, self.last) if self.first else (_PORTS[scheme], _PORTS[scheme])
        return host == self.host and ports[0] <= port <= ports[1]


def parts_of(base_url: str) -> tuple[str, str, int]:
    """(scheme, host, port) of an address; an IPv6 host in brackets. Raises EndpointRefused."""
    parts = urlsplit(base_url)
    try:
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise EndpointRefused("The port of the address is not a number from 1 to 65535.")
    host = parts.hostname or ""
    return parts.scheme, f"[{host}]" if ":" in host else host, port


def check_address(
    base_url: str,
    hosts: Iterable[str] | None = None,
    *,
    listed_in: str = "CONSILIUM_MODEL_HOSTS",
    like: str = "https://host:port/v1",
) -> str:
    """The address without a trailing slash, when it is plain http(s) to an entry of the allow-list.

    `hosts` defaults to settings.MODEL_HOSTS, written as `Listed.read` reads them; `listed_in` is the variable
    that holds them. Raises EndpointRefused.
    """
    if not _ADDRESS.fullmatch(base_url):
        raise EndpointRefused(
            f"The address must look like {like}, without user name, password, query or fragment."
        )
    _, host, port = parts_of(base_url)
    entries = settings.MODEL_HOSTS if hosts is None else hosts
    if not any(listed.covers(base_url) for listed in map(Listed.read, entries) if listed):
        raise EndpointRefused(
            f"{host}:{port} is not among the addresses this site may ask. An operator allows it by adding it"
            f" to {listed_in} and starting Consilium again."
        )
    return base_url.rstrip("/")


def is_this_machine(base_url: str) -> bool:
    """Whether the address stays on this machine (loopback)."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
