"""Sends audit events to a syslog server once they are committed (CONSILIUM_SYSLOG); nobody waits for it.

RFC 5424, facility "log audit", one JSON object of ASCII characters per message, so that nothing in an event
can start a line of its own. Over TCP messages are counted (RFC 6587). A server that is away is tried again,
ever more slowly, while events wait in memory; what then finds no room is dropped, and the log says how many.
"""

import atexit
import errno
import json
import os
import queue
import socket
import threading
import time
from collections.abc import Sequence
from datetime import UTC

import structlog

from consilium.audit.models import AuditEvent
from consilium.environment import SyslogTarget

log = structlog.get_logger(__name__)
MOST_WAITING = 10_000
TIMEOUT_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
TELLS_EVERY_SECONDS = 60.0
FLUSH_SECONDS = 2.0
PRIORITY = 13 * 8 + 6  # log audit, informational


def send(target: SyslogTarget, events: Sequence[AuditEvent]) -> None:
    """Hand committed events to this process's stream; returns at once."""
    stream = _stream_of_process(target)
    for event in events:
        stream.put(message_of(event))


def message_of(event: AuditEvent) -> bytes:
    """The message of one event. The reason stays here: it is the only field that people write."""
    content = {**event.content(), "sequence": event.sequence, "sha256": event.sha256}
    content["has_reason"] = bool(content.pop("reason"))
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    host = "".join(c for c in socket.gethostname() if "!" <= c <= "~")[:255] or "-"
    head = f"<{PRIORITY}>1 {at} {host} consilium {os.getpid()} audit - "
    return (head + json.dumps(content, sort_keys=True, ensure_ascii=True)).encode("ascii")


class Stream:
    """One process's way to the server: a queue and a thread that empties it."""

    def __init__(self, target: SyslogTarget, most_waiting: int = MOST_WAITING) -> None:
        self._target = target
        self._waiting: queue.Queue[bytes] = queue.Queue(most_waiting)
        self._socket: socket.socket | None = None
        self._dropped, self._told_at = 0, float("-inf")
        self._counts = threading.Lock()
        threading.Thread(target=self._run, name="syslog", daemon=True).start()

    def put(self, message: bytes) -> None:
        """Queue a message, or drop it where too many wait."""
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self._drop()

    def flush(self, seconds: float) -> None:
        """Give what waits some time to leave; for the end of a process."""
        deadline = time.monotonic() + seconds
        while self._waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)

    def _run(self) -> None:
        while True:
            message, pause = self._waiting.get(), FIRST_PAUSE
            while not self._sent(message):
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            self._waiting.task_done()

    def _sent(self, message: bytes) -> bool:
        """Whether this message is done with: sent, or too long to be sent by anybody."""
        try:
            if self._socket is None:
                self._socket = self._connected()
            is_counted = self._target.kind == "tcp"
            self._socket.sendall(b"%d %s" % (len(message), message) if is_counted else message)
        except (OSError, UnicodeError) as problem:
            if getattr(problem, "errno", None) == errno.EMSGSIZE:
                self._drop()
                return True
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            log.warning("syslog.away", because=type(problem).__name__, waiting=self._waiting.qsize())
            return False
        return True

    def _connected(self) -> socket.socket:
        target = self._target
        if target.kind == "tcp":
            return socket.create_connection((target.host, target.port), timeout=TIMEOUT_SECONDS)
        if target.kind == "unix":
            made, address = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), target.host
        else:
            family, kind, _, _, address = socket.getaddrinfo(  # type: ignore[assignment]
                target.host, target.port, type=socket.SOCK_DGRAM
            )[0]
            made = socket.socket(family, kind)
        made.settimeout(TIMEOUT_SECONDS)
        made.connect(address)
        return made

    def _drop(self) -> None:
        """Count what is lost; the log tells the sum at most once a minute."""
        with self._counts:
            self._dropped += 1
            now = time.monotonic()
            if now - self._told_at >= TELLS_EVERY_SECONDS:
                self._told_at = now
                log.error("syslog.dropped", events=self._dropped)


_lock = threading.Lock()
_streams: dict[int, Stream] = {}


def _stream_of_process(target: SyslogTarget) -> Stream:
    """Made at the first event: a thread does not survive a fork."""
    with _lock:
        stream = _streams.get(os.getpid())
        if stream is None:
            _streams.clear()
            stream = _streams[os.getpid()] = Stream(target)
            atexit.register(stream.flush, FLUSH_SECONDS)
        return stream
