"""Keys of remote models: from the environment, each bound to the one address it may be sent to."""

import os
import re

from consilium.inference.addresses import Listed, is_this_machine
from consilium.inference.refusals import EndpointRefused

KEY = "CONSILIUM_API_KEY_"
HOST = "CONSILIUM_API_HOST_"


def api_key(name: str, base_url: str) -> str:
    """The key to send to this address for the model of this name; empty when there is none. Never stored.

    Who names a model chooses the variable its key is read from, so the operator says beside each key where
    it belongs. Raises EndpointRefused where the key belongs elsewhere or would travel unprotected.
    """
    key = os.environ.get(KEY + suffix(name), "")
    if not key:
        return ""
    bound = _bound(suffix(name))
    if bound is None:
        raise EndpointRefused(
            f"The key of the model {name} is bound to no address, so it is not sent. The operator writes"
            f" host:port into {HOST}{suffix(name)} and starts Consilium again."
        )
    if not bound.covers(base_url):
        raise EndpointRefused(
            f"The site's key for a model named {name} belongs to another address. Choose another name."
        )
    if not (base_url.startswith("https:") or is_this_machine(base_url)):
        raise EndpointRefused(
            f"The model {name} has a key, and its address is neither https nor on this machine: anybody on"
            " the way could read the key. Use an https address."
        )
    return key


def suffix(name: str) -> str:
    """How a model is named in a variable: in capitals, other characters as underscores."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def unbound() -> list[str]:
    """The variables of keys without an address that could be read."""
    names = sorted(name for name, key in os.environ.items() if name.startswith(KEY) and key)
    return [name for name in names if _bound(name[len(KEY) :]) is None]


def _bound(of: str) -> Listed | None:
    """The address written beside the key, where it can be read."""
    return Listed.read(os.environ.get(HOST + of, "").strip())
