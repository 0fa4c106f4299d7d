"""System checks: the list of addresses can be read, and every key of a model has its address."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Advice

from consilium.inference import api_keys
from consilium.inference.addresses import Listed


def check_model_addresses(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Name what the lists of addresses write in another way, and the keys that cannot be sent anywhere."""
    lists = {
        "CONSILIUM_MODEL_HOSTS": settings.MODEL_HOSTS,
        "CONSILIUM_LABEL_STUDIO_HOSTS": settings.LABEL_STUDIO_HOSTS,
    }
    wrong = [(name, entry) for name, held in lists.items() for entry in held if Listed.read(entry) is None]
    found: list[CheckMessage] = [
        Error(
            f"{name} holds {entry!r}, which is no address.",
            hint="Write host, host:port or host:port-port, without http:// and path.",
            id="calls.E001",
        )
        for name, entry in wrong
    ]
    return found + [
        Advice(
            f"The key in {name} is bound to no address, so it is sent nowhere.",
            hint=f"Write host:port into {name.replace(api_keys.KEY, api_keys.HOST, 1)}.",
            id="calls.W001",
        )
        for name in api_keys.unbound()
    ]
