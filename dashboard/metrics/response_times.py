"""How long responses took, by route and class of status, summed over the web processes of this host.

Each process counts in memory and, after each request, writes the one row that changed to a file of its own
under `metrics/` of the data folder; whoever answers a scrape adds the files of its host up. A process holds
its file locked and takes over the first one that nobody holds, counts included: there are never more files
than processes ran at once, and a file's rows are routes times classes, whatever paths are asked for.
See docs/decisions/0020-metrics.md.
"""

import fcntl
import os
import socket
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate, count
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Final

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client.core import HistogramMetricFamily

log = structlog.get_logger(__name__)
BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LABELS: Final = [*map(str, BOUNDS), "+Inf"]
NO_ROUTE: Final = "none"
NAME_BYTES: Final = 80
SUM: Final = len(LABELS)  # after the counts of each bucket stands the sum of seconds
ROW: Final = struct.Struct(f"{NAME_BYTES}s{SUM + 1}d")
NOTHING: Final = (0.0,) * (SUM + 1)
# Another form of row is another file: counts of an older version are not misread.
FORM: Final = f"{ROW.size}.counts"

Respond = Callable[[HttpRequest], HttpResponse]
Key = tuple[str, str]
Row = list[float]


class ResponseTimeMiddleware:
    """Times each request that reaches the application (static files are answered before)."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django calls this for each request."""
        started = perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = (match.view_name or NO_ROUTE) if match is not None else NO_ROUTE
        response_times.note(route, f"{response.status_code // 100}xx", perf_counter() - started)
        return response


class ResponseTimes:
    """The counts of this process, and the file that holds them for the others."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pid = 0
        self._file: int | None = None
        self._rows: dict[Key, tuple[int, Row]] = {}
        self._end = 0

    def note(self, route: str, status: str, seconds: float) -> None:
        """Count one response; about two microseconds, no matter how many routes there are."""
        with self._lock:
            if self._pid != os.getpid():
                self._start()
            key = (route, status)
            known = self._rows.get(key)
            if known is None:
                known = self._rows[key] = (self._end, [*NOTHING])
                self._end += ROW.size
            place, row = known
            row[bisect_left(BOUNDS, seconds)] += 1
            row[SUM] += seconds
            if self._file is not None:
                self._write(self._file, ROW.pack(f"{route} {status}".encode(), *row), place)

    def collect(self) -> HistogramMetricFamily:
        """The sum over the processes of this host."""
        with self._lock:
            own = {key: row.copy() for key, (_, row) in self._rows.items()} if self._file is None else {}
        for path in _folder().glob(f"{_host()}.*.{FORM}"):
            for _, key, row in read_rows(path.read_bytes()):
                own[key] = [one + other for one, other in zip(own.get(key, NOTHING), row, strict=True)]
        family = HistogramMetricFamily(
            "consilium_response_seconds",
            "Seconds until a response began, by route and class of status, of this host's web processes.",
            labels=["route", "status"],
        )
        for key, row in sorted(own.items()):
            family.add_metric(key, list(zip(LABELS, accumulate(row[:SUM]), strict=True)), sum_value=row[SUM])
        return family

    def _start(self) -> None:
        """Take a file in this process (after a fork: another one than the parent's) and its counts over."""
        self._pid, self._file, self._rows, self._end = os.getpid(), None, {}, 0
        try:
            self._file = _take_file(_folder())
            content = os.pread(self._file, os.fstat(self._file).st_size, 0)
        except OSError as problem:
            log.warning("metrics.not_shared", cause=type(problem).__name__)
            return
        self._rows = {key: (place, row) for place, key, row in read_rows(content)}
        self._end = len(content) // ROW.size * ROW.size

    def _write(self, file: int, content: bytes, place: int) -> None:
        try:
            os.pwrite(file, content, place)
        except OSError as problem:  # a full disk stops no request; the next one tries again
            log.debug("metrics.not_written", cause=type(problem).__name__)


def read_rows(content: bytes) -> Iterator[tuple[int, Key, Row]]:
    """Place, key and counts of each row; what a full disk left half written or empty is passed over."""
    for place in range(0, len(content) - ROW.size + 1, ROW.size):
        name, *row = ROW.unpack_from(content, place)
        route, _, status = name.rstrip(b"\0").decode("ascii", "replace").rpartition(" ")
        if route:
            yield place, (route, status), row


def _folder() -> Path:
    return Path(settings.CONSILIUM_HOME) / "metrics"


def _host() -> str:
    """This host in a file's name; containers that share a data folder have names of their own."""
    return socket.gethostname().replace("/", "_")[:80]


def _take_file(folder: Path) -> int:
    """Lock the first file of this host that nobody holds. What other hosts and versions left is removed."""
    folder.mkdir(mode=0o700, exist_ok=True)
    own = f"{_host()}."
    for path in folder.iterdir():
        if not (path.name.startswith(own) and path.name.endswith(FORM)):
            _remove_unless_held(path)
    for number in count():
        path = folder / f"{own}{number}.{FORM}"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _is_ours(file) and os.fstat(file).st_nlink:  # else somebody removed it before it was locked
            return file
        os.close(file)
    raise AssertionError("counting has no end")


def _remove_unless_held(path: Path) -> None:
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    if _is_ours(file):
        path.unlink(missing_ok=True)
    os.close(file)


def _is_ours(file: int) -> bool:
    """Whether the lock could be taken; the kernel gives it back when the process ends, however it ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


response_times = ResponseTimes()
