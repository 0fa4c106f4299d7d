"""System checks: the list of addresses can be read, and every key of a model has its address."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Advice

from consilium.inference import api_keys
from consilium.inference.addresses import Listed


def check_model_addresses(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Name what CONSILIUM_MODEL_HOSTS writes in another way, and the keys that cannot be sent anywhere."""
    wrong = [entry for entry in settings.MODEL_HOSTS if Listed.read(entry) is None]
    found: list[CheckMessage] = [
        Error(
            f"CONSILIUM_MODEL_HOSTS holds {entry!r}, which is no address.",
            hint="Write host, host:port or host:port-port, without http:// and path.",
            id="calls.E001",
        )
        for entry in wrong
    ]
    return found + [
        Advice(
            f"The key in {name} is bound to no address, so it is sent nowhere.",
            hint=f"Write host:port into {name.replace(api_keys.KEY, api_keys.HOST, 1)}.",
            id="calls.W001",
        )
        for name in api_keys.unbound()
    ]
