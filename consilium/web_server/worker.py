"""A gunicorn worker whose loop takes requests in and sends answers out, so that threads serve whole requests.

gunicorn's own `gthread` reads head and body in a thread of the pool from a socket that blocks for ever, and
closes connections in its loop, waiting up to two seconds for each: as many half-sent requests as there are
threads, or a few clients that do not hang up, stop it. Here the loop holds every connection until its head
and, up to 64 kB, its body have arrived, cuts it at a deadline, and sends what a client was slow to take.
docs/decisions/0014-web-server.md weighs the alternatives.
"""

import errno
import io
import re
import selectors
import socket
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from consilium.web_server.client_socket import CONTINUE, ClientSocket

HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 20.0
# After the last answer the client may read it and hang up; of what it still sends so much is thrown away.
LINGER_SECONDS: Final = 3.0
LINGER_BYTES: Final = 256 << 10
HEAD_BYTES: Final = 32 << 10
# A body up to here is taken in before a thread is used. Who may send more, the application decides.
BODY_BYTES: Final = 64 << 10
READ_BYTES: Final = 64 << 10
SWEEP_SECONDS: Final = 0.5
SAY_EVERY_SECONDS: Final = 60.0

# Looked for in a head of small letters, as names of headers have no case.
LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r\n")
EXPECTS = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue[ \t]*\r\n")


def _refusal(status: str, text: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(text)}\r\n\r\n{text}"
    ).encode()


NO_LENGTH: Final = _refusal("400 Bad Request", "A request with a body must say its length (Content-Length).")
LONG_HEAD: Final = _refusal("431 Request Header Fields Too Large", "The head of this request is too long.")


class Connection(TConn):
    """One client, and what has arrived of its next request."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        self.socket = ClientSocket(sock)
        super().__init__(cfg, self.socket, client, server)
        self.data_ready = True
        self.arrived = bytearray()
        self.head_ended = 0  # after so many bytes; 0: it has not
        self.needed = 0  # bytes of head and body that a thread is given; 0: as above
        self.has_large_body = False
        self.keeps_alive = True
        self.ignored = 0
        self.events = 0
        self.deadline = 0.0
        self.waits_since = 0.0

    @property
    def address(self) -> str:
        """Whose connection it is: the network address, "" for one that has none."""
        return str(self.client[0]) if isinstance(self.client, tuple) else ""

    def take_head(self, searched: int) -> bytes:
        """Look for the end of the head behind `searched` bytes; a refusal, or b"" while all is well."""
        end = self.arrived.find(b"\r\n\r\n", max(0, searched - 3)) + 4
        if end < 4:
            return LONG_HEAD if len(self.arrived) > HEAD_BYTES else b""
        if end > HEAD_BYTES:
            return LONG_HEAD
        head = bytes(self.arrived[:end]).lower()
        if b"\r\ntransfer-encoding" in head:
            return NO_LENGTH
        self.head_ended = self.needed = end
        self.has_large_body = False
        if b"\r\ncontent-length" not in head:
            return b""
        lengths = LENGTH.findall(head)
        # Two lengths, or one that is no number: gunicorn's parser refuses them and reads no body.
        if len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0][:20]):
            self._take_length(int(lengths[0][:20]), head)
        return b""

    def _take_length(self, length: int, head: bytes) -> None:
        waits = bool(EXPECTS.search(head))
        if length > BODY_BYTES:
            self.has_large_body = True
            self.socket.wants_continue = waits
            return
        self.needed += length
        if waits and len(self.arrived) < self.needed:
            self.socket.send_now(CONTINUE)

    def hand_over(self) -> None:
        """Give the parser, which a thread runs next, all that has arrived."""
        self.init()
        self.parser.unreader.buf = io.BytesIO(self.arrived)
        self.arrived.clear()
        self.head_ended = self.needed = 0
        self.socket.begin()

    def take_back(self) -> None:
        """What the parser read behind its request belongs to the next one."""
        self.arrived += self.parser.unreader.take_buffered()


class WebWorker(ThreadWorker):
    """See the module. Large bodies have threads of their own: slow uploads do not keep readers waiting."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting: dict[Connection, None] = {}  # what the loop holds, as opposed to the threads
        self.upload_pool = ThreadPoolExecutor(max(2, self.cfg.threads // 2))
        self._next_sweep = 0.0
        self._cut = 0
        self._told_at = 0.0

    # -- what a connection waits for --

    def wait_for(self, conn: Connection, events: int, seconds: float) -> None:
        """Have the loop look after a connection until something happens, at most so long."""
        conn.waits_since = time.monotonic()
        conn.deadline = conn.waits_since + seconds
        self.waiting[conn] = None
        self._watch(conn, events)

    def _watch(self, conn: Connection, events: int) -> None:
        if conn.events == events:
            return
        if not conn.events:
            self.poller.register(conn.socket, events, partial(self.on_ready, conn))
        elif events:
            self.poller.modify(conn.socket, events, partial(self.on_ready, conn))
        else:
            self.poller.unregister(conn.socket)
        conn.events = events

    def drop(self, conn: Connection) -> None:
        """Close at once."""
        self.waiting.pop(conn, None)
        with suppress(OSError, KeyError, ValueError):
            self._watch(conn, 0)
        self.nr_conns -= 1
        conn.close()

    # -- a request arrives --

    def accept(self, listener: Any) -> None:
        """A new client; its request has often arrived with it."""
        try:
            sock, client = listener.accept()
        except OSError as problem:
            if problem.errno in (errno.EMFILE, errno.ENFILE):
                self.make_room()
            elif problem.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, sock, client, listener.getsockname())
        self.read(conn)
        if self.nr_conns >= self.worker_connections:
            self.make_room()

    def make_room(self) -> None:
        """Drop, of the address that keeps most connections waiting, the one that has waited longest."""
        if not self.waiting:
            return
        counts = Counter(conn.address for conn in self.waiting)
        most = counts.most_common(1)[0][0]
        self.drop(min((c for c in self.waiting if c.address == most), key=lambda conn: conn.waits_since))
        self._cut += 1

    def on_ready(self, conn: Connection, _sock: ClientSocket) -> None:
        """The loop calls this when a client sent something or can take something."""
        if conn not in self.waiting:  # dropped by what happened just before
            return
        if conn.events & selectors.EVENT_WRITE:
            self.send(conn)
        elif conn.keeps_alive:
            self.read(conn)
        else:
            self.ignore(conn)

    def read(self, conn: Connection) -> None:
        """Take in what has arrived; a request that is whole goes to a thread."""
        try:
            data = conn.socket.read_now(READ_BYTES)
        except BlockingIOError:
            if conn not in self.waiting:  # it is new and has not said anything
                self.wait_for(conn, selectors.EVENT_READ, HEAD_SECONDS)
            return
        except OSError:
            data = b""
        if not data:
            self.drop(conn)
            return
        searched = len(conn.arrived)
        conn.arrived += data
        self.proceed(conn, searched)

    def proceed(self, conn: Connection, searched: int) -> None:
        """See how far the request has come whose first `searched` bytes were seen before."""
        if not conn.needed and (refusal := conn.take_head(searched)):
            conn.socket.send_now(refusal)
            self.linger(conn)
        elif 0 < conn.needed <= len(conn.arrived):
            self.enqueue_req(conn)
        elif not searched or searched < conn.head_ended <= len(conn.arrived):
            # Its first bytes came, or the last of its head: the time for what follows begins.
            self.wait_for(conn, selectors.EVENT_READ, BODY_SECONDS if conn.needed else HEAD_SECONDS)

    def enqueue_req(self, conn: Connection) -> None:
        """A thread serves the request."""
        self.waiting.pop(conn, None)
        self._watch(conn, 0)
        conn.hand_over()
        pool = self.upload_pool if conn.has_large_body else self.tpool
        pool.submit(self.handle, conn).add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def handle(self, conn: Connection) -> bool:
        """In the thread: the request is answered, and the answer sent as far as the client takes it."""
        keeps_alive = bool(super().handle(conn))
        try:
            conn.socket.flush()
        except OSError:  # it is gone
            conn.socket.backlog.clear()
            return False
        return keeps_alive

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """In the thread. The loop has asked for a small body; a large one is asked for when it is read.

        After a large one the connection ends: nobody may have wanted the rest of it.
        """
        req._expected_100_continue = False
        if conn.has_large_body:
            req.force_close()
        return super().handle_request(req, conn)

    # -- an answer leaves --

    def finish_request(self, conn: Connection, done: "Future[bool]") -> None:
        """The loop has the connection again: the answer may not have left, the next request may be here."""
        conn.keeps_alive = not done.cancelled() and done.exception() is None and bool(done.result())
        if conn.socket.fileno() < 0:
            self.drop(conn)
        elif conn.socket.backlog:
            self.wait_for(conn, selectors.EVENT_WRITE, conn.socket.seconds_to_send)
        else:
            self.rest(conn)

    def send(self, conn: Connection) -> None:
        """The client can take more of its answer."""
        try:
            conn.socket.flush()
        except OSError:
            self.drop(conn)
            return
        if conn.socket.backlog:
            self.wait_for(conn, selectors.EVENT_WRITE, conn.socket.seconds_to_send)
        else:
            self.rest(conn)

    def rest(self, conn: Connection) -> None:
        """The answer has left: wait for the next request, or hang up."""
        if not conn.keeps_alive:
            self.linger(conn)
            return
        conn.take_back()
        if conn.arrived:
            self.proceed(conn, 0)
        else:
            # A client to whom more was promised may be sending at this moment, also while the worker stops.
            most = self.cfg.keepalive if self.alive else min(self.cfg.keepalive, STOP_KEEPALIVE_LINGER)
            self.wait_for(conn, selectors.EVENT_READ, most)

    def linger(self, conn: Connection) -> None:
        """Hang up so that the answer arrives (RFC 9112, 9.6): no reset while the client still sends."""
        conn.keeps_alive = False
        try:
            conn.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(conn)
            return
        self.wait_for(conn, selectors.EVENT_READ, LINGER_SECONDS)

    def ignore(self, conn: Connection) -> None:
        """Throw away what a client sends to whom nobody listens any more."""
        try:
            data = conn.socket.read_now(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.ignored += len(data)
        if not data:
            self.drop(conn)
        elif conn.ignored > LINGER_BYTES:  # it is stopped, not reset: a reset could overtake the answer
            self._watch(conn, 0)

    # -- time passes --

    def murder_pending(self) -> None:
        """The loop calls this at least once a second: end what is over its deadline."""
        now = time.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP_SECONDS
        for conn in [conn for conn in self.waiting if conn.deadline <= now]:
            if conn.keeps_alive and conn.arrived and not conn.events & selectors.EVENT_WRITE:
                self._cut += 1
                conn.socket.begin()
                conn.socket.cut()
                self.linger(conn)
            else:
                self.drop(conn)
        if self._cut and now > self._told_at + SAY_EVERY_SECONDS:
            self.log.warning("%d requests that came too slowly or stayed incomplete were cut.", self._cut)
            self._cut, self._told_at = 0, now

    def murder_keepalived(self, force: bool = False) -> None:
        """The loop calls this too; with `force` at the very end."""
        for conn in list(self.waiting) if force else ():
            self.drop(conn)
        if force:
            self.upload_pool.shutdown(wait=False)

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self.waiting:
            if not conn.arrived:
                conn.deadline = min(conn.deadline, deadline)
