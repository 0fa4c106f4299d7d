"""The socket of one client as a thread sees it: it blocks, but never at the client's pace alone."""

import errno
import os
import select
import socket
import time
from contextlib import suppress
from typing import IO, Final

# A large body comes, and a large answer is taken, at 4 kB/s at least, after a start of 20 s; no pause is
# longer than 10 s. The slowest link that a clinic would call a link is thirty times faster.
SLOWEST_BYTES_PER_SECOND: Final = 4096
START_SECONDS: Final = 20.0
PAUSE_SECONDS: Final = 10.0
# What a thread leaves behind to be sent when the client is ready for it.
BACKLOG_BYTES: Final = 1 << 20
TOO_SLOW: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 43\r\n\r\nThe request came too slowly; send it again."
)
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientTooSlow(TimeoutError):
    """The client was given its time; to gunicorn it is one that went away (EPIPE)."""


class Pace:
    """How fast bytes go through a connection since this moment."""

    def __init__(self) -> None:
        self._since, self._bytes = time.monotonic(), 0

    def add(self, count: int) -> None:
        """That many bytes went through."""
        self._bytes += count

    @property
    def seconds_left(self) -> float:
        """How long the client may pause now; negative when it is too late."""
        allowed = START_SECONDS + self._bytes / SLOWEST_BYTES_PER_SECOND
        return min(PAUSE_SECONDS, self._since + allowed - time.monotonic())


class ClientSocket:
    """What gunicorn uses of a socket, over one that never blocks.

    `recv` waits for the client within its pace. `sendall` does not: what the client does not take at once
    is kept in `backlog`, which the worker's loop sends. Only the thread that serves the client calls them.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._timeout: float | None = None
        self._has_answered = self._is_cut = False
        self._coming, self._going = Pace(), Pace()
        self.backlog = bytearray()
        self.wants_continue = False

    def begin(self) -> None:
        """A request begins: its body and its answer have their whole time."""
        self._coming, self._going = Pace(), Pace()
        self._has_answered = False

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; b"" at the end. Raises ClientTooSlow, and has then told the client."""
        if self.wants_continue:
            self.wants_continue = False
            self.send_now(CONTINUE)
        while True:
            try:
                data = self._sock.recv(size)
            except BlockingIOError:
                if not self._waited(select.POLLIN, self._coming):
                    self.cut()
                    raise ClientTooSlow(errno.EPIPE, "the client was too slow") from None
            else:
                self._coming.add(len(data))
                return data

    def sendall(self, data: bytes) -> None:
        """Send all, or keep the rest for later. Raises BrokenPipeError when the client is gone or was cut."""
        if self._is_cut:
            raise BrokenPipeError
        self._has_answered = True
        rest: bytes | memoryview = data
        if not self.backlog:
            try:
                sent = self._sock.send(data)
            except BlockingIOError:
                sent = 0
            if sent == len(data):
                return
            rest = memoryview(data)[sent:]
        self.backlog += rest
        while len(self.backlog) > BACKLOG_BYTES:
            self._wait_to_send()
            self.flush()

    def send(self, data: bytes) -> int:
        """The same, as `socket.send` counts it."""
        self.sendall(data)
        return len(data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:
        """Send `count` bytes of a file: small ones like everything else, large ones without a copy."""
        left = os.fstat(file.fileno()).st_size - offset if count is None else count
        if len(self.backlog) + left <= BACKLOG_BYTES:
            self.sendall(os.pread(file.fileno(), left, offset))
            return left
        while self.backlog:
            self._wait_to_send()
            self.flush()
        end = offset + left
        while offset < end:
            try:
                sent = os.sendfile(self.fileno(), file.fileno(), offset, end - offset)
            except BlockingIOError:
                self._wait_to_send()
                continue
            if not sent:  # the file is shorter than was promised
                break
            offset += sent
            self._going.add(sent)
        return left - (end - offset)

    def flush(self) -> bool:
        """Send of the backlog what the client takes now; whether any was taken."""
        try:
            sent = self._sock.send(self.backlog)
        except BlockingIOError:
            return False
        del self.backlog[:sent]
        self._going.add(sent)
        return sent > 0

    @property
    def seconds_to_send(self) -> float:
        """How long the client may wait before it takes more of its answer."""
        return self._going.seconds_left

    def cut(self) -> None:
        """Tell the client that it was too slow, unless its answer has begun; nothing else is sent to it."""
        if not self._has_answered:
            self._is_cut = True
            self.send_now(TOO_SLOW)

    def send_now(self, data: bytes) -> None:
        """Send a few bytes to a client that need not take them."""
        with suppress(OSError):
            self._sock.send(data)

    def _wait_to_send(self) -> None:
        if not self._waited(select.POLLOUT, self._going):
            self.backlog.clear()
            self._is_cut = True
            raise ClientTooSlow(errno.EPIPE, "the client was too slow")

    def _waited(self, event: int, pace: Pace) -> bool:
        left = pace.seconds_left
        if self._timeout is not None:
            left = min(left, self._timeout)
        waiting = select.poll()
        waiting.register(self._sock, event)
        return left > 0 and bool(waiting.poll(left * 1000))

    def setblocking(self, flag: bool) -> None:
        """As gunicorn calls it; the socket itself never blocks."""
        self._timeout = None if flag else 0.0

    def settimeout(self, seconds: float | None) -> None:
        """How long `recv` may wait besides the client's pace."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """What `settimeout` was told."""
        return self._timeout

    def fileno(self) -> int:
        """The descriptor; -1 when closed."""
        return self._sock.fileno()

    def read_now(self, size: int) -> bytes:
        """What has arrived; b"" at the end. Raises BlockingIOError when nothing has."""
        return self._sock.recv(size)

    def shutdown(self, how: int) -> None:
        """As `socket.shutdown`."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """As `socket.close`."""
        self._sock.close()
