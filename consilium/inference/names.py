"""Looks up the names of remote models: what the site's list allows by name may not lead back inside."""

import ipaddress
import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import ResolveResult


class Outward(ThreadedResolver):
    """The system's look-up, without answers that name this machine or its link.

    The allow-list holds names, and whoever answers for a name chooses its number: 127.0.0.1 would be a
    service of this machine, 169.254.169.254 the cloud's own. "localhost" means this machine and says so.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The answers that may be used. Raises OSError when there is none."""
        found = await super().resolve(host, port, family)
        kept = found if host == "localhost" else [each for each in found if leads_outward(each["host"])]
        if not kept:
            raise OSError(None, "the name leads back to this machine")
        return kept


def leads_outward(number: str) -> bool:
    """Whether an IP address is neither this machine's nor its link's, nor no single machine's."""
    address = ipaddress.ip_address(number.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not (mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified or mapped.is_multicast)
