"""The worker that stands between strangers and the threads: deadlines, limits, order, and no thread held."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness.servers import wait_until
from tests.web_server.echo import BIG
from tests.web_server.raw import ask, connect, gunicorn, honest, is_silent, listening, rest, serving, status

HASTY = "--worker-class=tests.web_server.echo.HastyWorker"
HEAD = b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def patient() -> Iterator[int]:
    """The port of a server with the deadlines that are shipped: no test waits for them."""
    with listening() as listener, serving(listener, gunicorn(listener, "tests.web_server.echo:application")):
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def hasty() -> Iterator[int]:
    """The port of a server whose deadlines are a moment."""
    with (
        listening() as listener,
        serving(listener, gunicorn(listener, "tests.web_server.echo:application", HASTY)),
    ):
        yield listener.getsockname()[1]


@pytest.mark.parametrize("count", [8, 200])
@pytest.mark.parametrize(
    "sent",
    [b"", GET[:20], HEAD % 60_000 + b"half", HEAD % 100_000_000 + b"half"],
    ids=["nothing", "half a head", "half a body", "half an upload"],
)
def test_whoever_stops_half_way_keeps_nobody_waiting(patient: int, sent: bytes, count: int) -> None:
    with ExitStack() as stack:
        strangers = [stack.enter_context(connect(patient, sent)) for _ in range(count)]
        for _ in range(3):
            assert honest(patient).status == 200
        assert all(map(is_silent, strangers)), "the attack was over before it was withstood"


def test_whoever_does_not_hang_up_or_read_keeps_nobody_waiting(patient: int) -> None:
    with ExitStack() as stack:
        for request in [LAST % b"", GET % b"big", LAST % b"big"] * 8:
            stack.enter_context(connect(patient, request))
        for _ in range(3):
            assert honest(patient).status == 200


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", 0),
        (GET[:20], 408),
        (HEAD % 60_000 + b"half", 408),
        (HEAD % 100_000_000 + b"half", 408),
    ],
    ids=["nothing", "half a head", "half a body", "half an upload"],
)
def test_what_stays_half_is_cut_at_a_deadline(hasty: int, sent: bytes, told: int) -> None:
    assert status(ask(hasty, sent)) == told


@pytest.mark.parametrize("start", [b"", HEAD % 60_000, HEAD % 100_000_000], ids=["head", "body", "upload"])
def test_a_byte_now_and_then_does_not_move_the_deadline(hasty: int, start: bytes) -> None:
    began = time.monotonic()
    with connect(hasty, start) as drip:
        drip.settimeout(0.1)
        got = b""
        while not got:
            try:
                drip.send(b"x")
                got = drip.recv(1000)
            except TimeoutError:
                assert time.monotonic() - began < 30
    assert status(got) == 408


def test_a_client_that_takes_nothing_of_its_answer_is_dropped(hasty: int, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(BIG)
    as_file = f"GET /file HTTP/1.1\r\nHost: localhost\r\nFile: {tmp_path}/big\r\n\r\n".encode()
    for request in (GET % b"big", as_file):
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(60)
            reader.connect(("127.0.0.1", hasty))
            reader.sendall(request)
            # Nothing is read until the worker has lost its patience.
            mine = reader.getsockname()[1]
            wait_until(lambda port=mine: not _is_open(port), seconds=30, what="the worker hangs up")  # type: ignore[misc]
            assert len(rest(reader)) < len(BIG)


def _is_open(client_port: int) -> bool:
    """Whether the server still holds its end of the connection with this client."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(line[2].endswith(f":{client_port:04X}") and line[3] == "01" for line in lines)


def test_answers_arrive_whole_however_slowly_they_are_taken(patient: int, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(BIG)
    as_file = f"GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\nFile: {tmp_path}/big\r\n\r\n".encode()
    for request in (LAST % b"big", as_file):
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(60)
            reader.connect(("127.0.0.1", patient))
            reader.sendall(request)
            assert honest(patient).status == 200
            assert rest(reader).partition(b"\r\n\r\n")[2] == BIG


def test_bodies_of_every_size_arrive_whole(patient: int) -> None:
    sizes = [0, 1, 65_535, 65_536, 5]
    with connect(patient, b"".join(HEAD % size + b"x" * size for size in sizes) + LAST % b"read") as sock:
        said = rest(sock)
    assert [int(found) for found in re.findall(rb"(\d+) bytes", said)] == [*sizes, 0]
    for size in (65_537, 3_000_000):
        assert ask(patient, HEAD % size + b"x" * size).endswith(b"%d bytes" % size)


def test_a_head_may_come_in_pieces_and_requests_may_come_at_once(patient: int) -> None:
    with connect(patient, GET[:3]) as sock:
        sock.sendall((GET % b"")[3:-1])
        sock.sendall(b"\n" + GET % b"" + LAST % b"")
        assert rest(sock).count(b"GET 127.0.0.1 http") == 3


def test_continue_is_said_when_the_body_is_wanted(patient: int) -> None:
    expects = HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
    for size in (10, 100_000):
        with connect(patient, expects % size) as sock:
            assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(b"x" * size)
            assert rest(sock).endswith(b"%d bytes" % size)
    unread = expects.replace(b"/read", b"/ignore") % 100_000_000
    assert ask(patient, unread).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000, 400),
        (b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
        (b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\nx", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"x" * 9_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"Many: x\r\n" * 100 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nEndless: " + b"x" * 100_000, 431),
        (b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_what_is_no_decent_request_is_refused_at_once(patient: int, request_: bytes, told: int) -> None:
    assert status(ask(patient, request_)) == told


def test_a_client_names_neither_its_address_nor_its_scheme(patient: int) -> None:
    lies = (
        b"X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-SSL: on\r\nSCRIPT_NAME: /x\r\n"
    )
    request = (LAST % b"").replace(b"Host", lies + b"Host")
    assert ask(patient, request).endswith(b"GET 127.0.0.1 http")


def test_more_connections_than_there_is_room_for_do_not_lock_others_out() -> None:
    few = ("--worker-connections=20",)
    with (
        listening() as listener,
        serving(listener, gunicorn(listener, "tests.web_server.echo:application", *few)),
        ExitStack() as stack,
    ):
        port = listener.getsockname()[1]
        # A neighbour with one connection, from another address, outlives the flood from the first.
        neighbour = stack.enter_context(connect(port, GET[:5], source_address=("127.0.0.2", 0)))
        for _ in range(60):
            stack.enter_context(connect(port, GET[:5]))
        assert honest(port).status == 200
        neighbour.sendall((LAST % b"")[5:])
        assert rest(neighbour).endswith(b"GET 127.0.0.2 http")


def test_a_restart_breaks_no_answer_off(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(BIG)
    as_file = f"GET /file HTTP/1.1\r\nHost: x\r\nFile: {tmp_path}/big\r\n\r\n".encode()
    with (
        listening() as listener,
        serving(listener, gunicorn(listener, "tests.web_server.echo:application")) as pid,
        connect(listener.getsockname()[1], GET % b"big") as first,
        connect(listener.getsockname()[1], as_file) as second,
        connect(listener.getsockname()[1], GET % b"") as idle,
    ):
        heads = [sock.recv(1) for sock in (first, second, idle)]
        os.kill(pid, signal.SIGTERM)
        # At once, so that none waits for the end of the pause in which another could still ask for more.
        with ThreadPoolExecutor(3) as pool:
            rests = list(pool.map(rest, (first, second, idle)))
        answers = [head + one for head, one in zip(heads, rests, strict=True)]
    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers] == [BIG, BIG, b"GET 127.0.0.1 http"]
