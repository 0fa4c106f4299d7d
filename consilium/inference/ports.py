"""Loopback ports: a free one, and one that is held for a child to listen on."""

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with held_port() as probe:
        return int(probe.getsockname()[1])


def held_port() -> socket.socket:
    """A socket with a loopback port that nobody else gets while it is open; it does not listen yet."""
    held = socket.socket()
    held.bind((LOOPBACK, 0))
    return held
