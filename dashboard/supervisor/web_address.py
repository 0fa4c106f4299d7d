"""The web address: a socket the supervisor owns, so that a restart of the web process refuses nobody."""

import http.client
import ipaddress
import socket

from django.conf import settings
from django.core.management.base import CommandError

BACKLOG = 512
ASK_SECONDS = 2.0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises CommandError when the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as problem:
        listener.close()
        raise CommandError(
            f"Cannot listen on {host} port {port}: {getattr(problem, 'strerror', None) or 'no such port'}. "
            "Stop the other program or choose another port with --port.",
            returncode=2,
        ) from None
    listener.set_inheritable(True)
    return listener


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening_url(listener: socket.socket) -> str:
    """The URL a person opens."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}/"


def answers(listener: socket.socket) -> bool:
    """Whether the web process says it is healthy."""
    port = listener.getsockname()[1]
    host = "::1" if listener.family == socket.AF_INET6 else "127.0.0.1"
    bound = listener.getsockname()[0]
    target = bound if bound not in {"0.0.0.0", "::"} else host  # noqa: S104
    asking = http.client.HTTPConnection(target, port, timeout=ASK_SECONDS)
    known = next((name for name in settings.ALLOWED_HOSTS if "*" not in name), "localhost")
    try:
        asking.request("GET", "/healthz", headers={"Host": known.lstrip(".")})
        return asking.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        asking.close()
