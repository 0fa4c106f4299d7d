"""Audit events reach a syslog server once they are committed, one line each, and nobody waits for it."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from consilium import environment
from consilium.audit import stream
from consilium.audit.models import AuditEvent
from consilium.audit.record import audited_transaction, record
from consilium.environment import EnvironmentRefused, SyslogTarget
from tests.factories.cast import Cast

HEAD = re.compile(rb"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]+ consilium \d+ audit - (\{[ -~]+\})")
SECONDS = 10.0


def content_of(message: bytes) -> dict[str, Any]:
    found = HEAD.fullmatch(message)
    assert found, message
    content: dict[str, Any] = json.loads(found[1])
    return content


@pytest.fixture(autouse=True)
def _a_stream_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_streams", {})
    monkeypatch.setattr(stream, "FIRST_PAUSE", 0.05)


def receiver(kind: str, folder: Path) -> tuple[SyslogTarget, socket.socket]:
    if kind == "unix":
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        made.bind(str(folder / "log"))
        target = SyslogTarget("unix", str(folder / "log"), 0)
    else:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        target = SyslogTarget(kind, "127.0.0.1", made.getsockname()[1])
    if kind == "tcp":
        made.listen()
    made.settimeout(SECONDS)
    return target, made


def messages(kind: str, server: socket.socket, count: int) -> Iterator[bytes]:
    """The next messages; over TCP each says its length first."""
    if kind != "tcp":
        for _ in range(count):
            yield server.recv(1 << 16)
        return
    with closing(server.accept()[0]) as peer, peer.makefile("rb") as lines:
        for _ in range(count):
            length = b""
            while not length.endswith(b" "):
                length += lines.read(1)
            yield lines.read(int(length))


@pytest.mark.parametrize("kind", ["udp", "tcp", "unix"])
def test_events_arrive_in_their_order_after_the_commit_and_without_their_reason(
    cast: Cast, kind: str, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.SYSLOG, server = receiver(kind, tmp_path)
    with closing(server):
        with django_capture_on_commit_callbacks(execute=True), audited_transaction():
            for reason in ("Frau M\u00fcller\r\n<13>1 forged", ""):
                record(action="test.done", obj=cast.study, by=cast.lena, study=cast.study, reason=reason)
        first, second = map(content_of, messages(kind, server, 2))
    stored = AuditEvent.objects.get(sequence=1)
    assert (first["sequence"], first["sha256"], first["has_reason"]) == (1, stored.sha256, True)
    assert (second["sequence"], second["actor"], second["has_reason"]) == (2, cast.lena.pk, False)
    assert "reason" not in first
    assert "ller" not in json.dumps(first)


def test_nothing_in_an_event_can_start_a_line_of_its_own(cast: Cast) -> None:
    nasty = "x\r\n<13>1 forged \u2028\u202e\x00\x1b[31m"
    event = AuditEvent(chain="system", sequence=1, action=nasty, object_type=nasty, data={nasty: nasty})
    message = stream.message_of(event)
    assert message.isascii()
    assert message.decode().isprintable()
    assert content_of(message)["action"] == nasty


def test_what_is_rolled_back_is_not_sent(
    cast: Cast, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.SYSLOG, server = receiver("udp", tmp_path)
    with closing(server):
        with django_capture_on_commit_callbacks(execute=True):
            with transaction.atomic():
                record(action="test.undone", obj=cast.study, by=None, study=cast.study)
                transaction.set_rollback(True)
            record(action="test.done", obj=cast.study, by=None, study=cast.study)
        (only,) = map(content_of, messages("udp", server, 1))
    assert only["action"] == "test.done"


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_a_server_that_is_away_holds_nobody_up_drops_with_a_count_and_gets_the_rest_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target, server = receiver("tcp", tmp_path)
    server.close()
    away = stream.Stream(target, most_waiting=100)
    began = time.monotonic()
    for number in range(1000):
        away.put(b"message %d" % number)
    assert time.monotonic() - began < 1.0
    wait_until(lambda: "syslog.away" in caplog.text)
    assert caplog.text.count("syslog.dropped") == 1
    assert 899 <= away._dropped <= 900
    with closing(socket.create_server((target.host, target.port))) as back:
        back.settimeout(SECONDS)
        arrived = list(messages("tcp", back, 100))
    assert arrived == [b"message %d" % number for number in range(100)]


def test_a_message_that_is_too_long_is_dropped_and_the_next_one_arrives(tmp_path: Path) -> None:
    target, server = receiver("udp", tmp_path)
    with closing(server):
        sent = stream.Stream(target)
        sent.put(b"x" * 70_000)
        sent.put(b"short")
        assert list(messages("udp", server, 1)) == [b"short"]
        assert sent._dropped == 1
        sent.flush(SECONDS)


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("", None),
        ("udp://log.example", SyslogTarget("udp", "log.example", 514)),
        ("tcp://[::1]:601/", SyslogTarget("tcp", "::1", 601)),
        ("unix:///dev/log", SyslogTarget("unix", "/dev/log", 0)),
    ],
)
def test_where_events_go_is_a_setting(
    value: str, target: SyslogTarget | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_SYSLOG", value)
    assert environment.read_syslog("CONSILIUM_SYSLOG") == target


@pytest.mark.parametrize(
    "value", ["log.example:514", "udp://", "https://x", "udp://x:port", "unix:log", "udp://x/y"]
)
def test_a_setting_that_says_nothing_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_SYSLOG", value)
    with pytest.raises(EnvironmentRefused, match="CONSILIUM_SYSLOG must be udp://host:port"):
        environment.read_syslog("CONSILIUM_SYSLOG")
