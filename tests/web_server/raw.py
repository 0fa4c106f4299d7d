"""Bytes sent and received by hand, as no decent client would."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness.processes import dies_with_parent
from tests.harness.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
# "Does not hang": an honest request waits no longer, whatever strangers do meanwhile.
PATIENCE = 5.0


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket for a server to take over, on a free loopback port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        listener.set_inheritable(True)
        yield listener


@contextmanager
def serving(listener: socket.socket, command: list[str], **environment: str) -> Iterator[int]:
    """A web server on that socket until the end of the block; its process id."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        pass_fds=[listener.fileno()],
        preexec_fn=dies_with_parent(),  # noqa: PLW1509
    ) as process:
        try:
            port = listener.getsockname()[1]
            wait_until(lambda: answers(port), seconds=START_SECONDS, what="the server answers")
            yield process.pid
        finally:
            process.terminate()
            process.wait(20)


def gunicorn(listener: socket.socket, application: str, *options: str) -> list[str]:
    """One worker with four threads, configured as the product's."""
    settings = "--config=python:consilium.web_server.gunicorn_settings"
    bind = f"--bind=fd://{listener.fileno()}"
    return [sys.executable, "-m", "gunicorn", settings, bind, "--threads=4", *options, application]


def answers(port: int) -> bool:
    """Whether anything is answered."""
    try:
        return bool(ask(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    except OSError:
        return False


def connect(port: int, data: bytes = b"", **options: Any) -> socket.socket:
    """A connection on which some bytes were sent."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=60, **options)
    sock.sendall(data)
    return sock


def ask(port: int, data: bytes) -> bytes:
    """Send bytes and read until the server hangs up."""
    with connect(port, data) as sock:
        return rest(sock)


def rest(sock: socket.socket) -> bytes:
    """All that still comes; a reset is an end."""
    got = bytearray()
    try:
        while data := sock.recv(65536):
            got += data
    except ConnectionError:
        pass
    return bytes(got)


def status(answer: bytes) -> int:
    """The status of an answer; 0 where there is none."""
    words = answer.split(b" ", 2)
    return int(words[1]) if answer.startswith(b"HTTP/") else 0


def is_silent(sock: socket.socket) -> bool:
    """Whether the server has neither said anything nor hung up so far."""
    sock.setblocking(False)
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        sock.settimeout(60)
    return False


def honest(port: int, path: str = "/", **headers: str) -> http.client.HTTPResponse:
    """What a client with manners gets, within the time in which it does not think that the site hangs."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    asking.request("GET", path, headers=headers)
    answer = asking.getresponse()
    answer.read()
    asking.close()
    return answer
