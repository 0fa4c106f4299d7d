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
# An answer is sent in pieces of about this size: head and page of most leave in one.
PIECE_BYTES: Final = 64 << 10
# What a thread leaves behind to be sent when the client is ready for it.
BACKLOG_BYTES: Final = 1 << 20
TOO_SLOW: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 43\r\n\r\nThe request came too slowly; send it again."
)
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientTooSlow(TimeoutError):
    """The client was given its time; to gunicorn it is one that went away (EPIPE)."""


class ClientSocket:
    """What gunicorn uses of a socket, over one that never blocks.

    `recv` waits for the client within its pace. `sendall` does not: an answer gathers in `backlog` and is
    sent at its end, and what the client does not take then is left to the worker's loop. Only the thread that
    serves the client calls them.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._timeout: float | None = None
        self._has_answered = self._is_cut = False
        self._since, self._came, self._went = 0.0, 0, 0
        self.backlog = bytearray()
        self.wants_continue = False

    def begin(self) -> None:
        """A request begins: its body and its answer have their whole time."""
        self._since, self._came, self._went = time.monotonic(), 0, 0
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
                if not self._waited(select.POLLIN, self._came):
                    self.cut()
                    raise ClientTooSlow(errno.EPIPE, "the client was too slow") from None
            else:
                self._came += len(data)
                return data

    def sendall(self, data: bytes) -> None:
        """Keep it to be sent. Raises BrokenPipeError when the client is gone or was cut."""
        if self._is_cut:
            raise BrokenPipeError
        self._has_answered = True
        self.backlog += data
        if len(self.backlog) >= PIECE_BYTES:
            self.flush()
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
            self._went += sent
        return left - (end - offset)

    def flush(self) -> None:
        """Send of the backlog what the client takes now."""
        if self.backlog:
            with suppress(BlockingIOError):
                sent = self._sock.send(self.backlog)
                del self.backlog[:sent]
                self._went += sent

    @property
    def seconds_to_send(self) -> float:
        """How long the client may wait before it takes more of its answer."""
        return self._seconds_left(self._went)

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
        if not self._waited(select.POLLOUT, self._went):
            self.backlog.clear()
            self._is_cut = True
            raise ClientTooSlow(errno.EPIPE, "the client was too slow")

    def _seconds_left(self, went_through: int) -> float:
        """How long the client may pause now; negative when it is too late."""
        allowed = START_SECONDS + went_through / SLOWEST_BYTES_PER_SECOND
        return min(PAUSE_SECONDS, self._since + allowed - time.monotonic())

    def _waited(self, event: int, went_through: int) -> bool:
        left = self._seconds_left(went_through)
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
