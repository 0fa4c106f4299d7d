"""The allow-list of remote models: which addresses the workers may send requests to."""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings

from consilium.inference.refusals import EndpointRefused

# No user part, query, fragment, backslash, blank or percent sign can pass: all URL parsers agree on the rest.
_ADDRESS = re.compile(r"https?://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_PORTS = {"http": 80, "https": 443}


def check_address(base_url: str, hosts: Iterable[str] | None = None) -> str:
    """The address without a trailing slash, when it is plain http(s) to a host of the allow-list.

    `hosts` defaults to settings.MODEL_HOSTS; an entry `host:port` allows that port only.
    Raises EndpointRefused.
    """
    if not _ADDRESS.fullmatch(base_url):
        raise EndpointRefused(
            "The address must look like https://host:port/v1, without user name, password, query or fragment."
        )
    parts = urlsplit(base_url)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise EndpointRefused("The port of the address is not a number from 1 to 65535.") from None
    allowed = {entry.lower() for entry in (settings.MODEL_HOSTS if hosts is None else hosts)}
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if not {host, parts.hostname, f"{host}:{port}"} & allowed:
        raise EndpointRefused(
            f"The host {host} is not among the hosts this site may ask. An operator allows it by adding it to"
            " CONSILIUM_MODEL_HOSTS and starting Consilium again."
        )
    return base_url.rstrip("/")


def is_this_machine(base_url: str) -> bool:
    """Whether the address stays on this machine (loopback)."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
