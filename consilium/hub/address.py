"""Which addresses the Hub's client may speak to, read from the environment. Pure: no Django.

The token goes to the one endpoint. Large files travel to and from storage hosts that the Hub names in signed
addresses; those are an allow-list of their own and never see the token.
"""

import os
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from consilium.environment import EnvironmentRefused, read_list, read_seconds

ENDPOINT: Final = "HF_ENDPOINT"
STORAGE: Final = "CONSILIUM_HUB_STORAGE"
# The Hub answers a commit of many files late.
SECONDS: Final = 180.0
PUBLIC: Final = "https://huggingface.co"
# Where the public Hub keeps large files; a leading *. stands for every host below.
PUBLIC_STORAGE: Final = (
    "*.hf.co",
    "*.huggingface.co",
    "hf-hub-lfs-us-east-1.s3-accelerate.amazonaws.com",
    "hf-hub-lfs-eu-west-1.s3-accelerate.amazonaws.com",
)
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class HubAddress:
    """The Hub's endpoint (scheme, host, port) and the storage hosts it may send the client to.

    `seconds`: how long one request waits for an answer.
    """

    endpoint: str = PUBLIC
    storage: tuple[str, ...] = PUBLIC_STORAGE
    seconds: float = SECONDS

    @property
    def host(self) -> str:
        """The endpoint without its scheme, for people."""
        return urlsplit(self.endpoint).netloc

    def is_endpoint(self, url: str) -> bool:
        """Whether an address belongs to the endpoint, the one place that the token goes to."""
        return _origin(url) == _origin(self.endpoint)

    def is_storage(self, url: str) -> bool:
        """Whether an address lies on a storage host; unencrypted only on this machine."""
        scheme, host, port = _origin(url)
        if scheme != "https" and host not in LOOPBACK:
            return False
        return any(_covers(entry, host, port, _PORTS.get(scheme, 0)) for entry in self.storage)

    def to_json(self) -> dict[str, Any]:
        """As the client's process gets it."""
        return {"endpoint": self.endpoint, "storage": list(self.storage), "seconds": self.seconds}


def read_hub_address() -> HubAddress:
    """HF_ENDPOINT and CONSILIUM_HUB_STORAGE; the public Hub when unset. Raises EnvironmentRefused."""
    endpoint = (os.environ.get(ENDPOINT) or PUBLIC).rstrip("/")
    try:
        parts = urlsplit(endpoint)
        is_fit = parts.scheme in _PORTS and parts.netloc == endpoint.removeprefix(f"{parts.scheme}://")
        is_fit = is_fit and bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        is_fit = False
    if not is_fit or (parts.scheme == "http" and parts.hostname not in LOOPBACK):
        raise EnvironmentRefused(
            f"{ENDPOINT} must be an address such as https://hub.example, without a path; http only on this "
            "machine, or anybody on the way could read the token."
        )
    storage = [word.lower() for word in read_list(STORAGE, [])]
    if odd := next((word for word in storage if not _HOST.fullmatch(word)), None):
        raise EnvironmentRefused(f"{STORAGE} has {odd!r}; it takes hosts such as files.example or *.example.")
    known = PUBLIC_STORAGE if endpoint == PUBLIC else ()
    seconds = read_seconds("CONSILIUM_HUB_SECONDS", default=SECONDS)
    return HubAddress(endpoint, (*known, *storage), seconds)


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def _covers(entry: str, host: str, port: int, usual: int) -> bool:
    name, _, number = entry.partition(":")
    if port != (int(number) if number else usual):
        return False
    return host.endswith(name[1:]) if name.startswith("*.") else host == name
