"""Readers who work at once against one server, and the figures of their requests."""

import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class Times:
    """Seconds of each request, and what went wrong. A turn is all that one case asks of the server: to be
    shown and to be submitted, in one request or in two.
    """

    next: list[float] = field(default_factory=list)
    submit: list[float] = field(default_factory=list)
    turn: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0
    own_cpu: float = 0.0

    def fail(self, what: str) -> bool:
        """Remember an error; False, for whoever stops then."""
        self.errors.append(what)
        return False


class Seat(Protocol):
    """One reader's place."""

    def work_one(self, times: Times) -> bool:
        """One case, next and submit; False when it cannot go on."""


class Subject(Protocol):
    """A server that is measured."""

    @property
    def name(self) -> str: ...

    def cpu_seconds(self) -> float:
        """CPU time of all its processes so far."""

    def sit(self, number: int) -> Seat:
        """Log the reader of this number in."""


def work_together(subject: Subject, clients: int, each: int, times: Times) -> None:
    """`clients` readers at once, `each` cases apiece, without a pause; adds to `times`."""
    start = threading.Barrier(clients + 1)
    seats = [subject.sit(number) for number in range(clients)]

    def work(seat: Seat) -> None:
        start.wait()
        try:
            for _ in range(each):
                if not seat.work_one(times):
                    return
        except OSError as problem:
            times.fail(repr(problem))

    threads = [threading.Thread(target=work, args=(seat,)) for seat in seats]
    for thread in threads:
        thread.start()
    cpu = subject.cpu_seconds()
    start.wait()
    began, own_cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    times.seconds += time.perf_counter() - began
    times.cpu += subject.cpu_seconds() - cpu
    times.own_cpu += time.process_time() - own_cpu


def figures(times: Times) -> dict[str, Any]:
    """Milliseconds of next, submit and turn, annotations per second, CPU milliseconds per annotation of the
    server (`cpu_ms`) and of the clients, which share the machine with it (`client_cpu_ms`).
    """
    done = len(times.turn) - len(times.errors)
    return {
        "next": quantiles(times.next),
        "submit": quantiles(times.submit),
        "turn": quantiles(times.turn),
        "done": done,
        "per_second": round(done / times.seconds, 2),
        "cpu_ms": round(times.cpu / max(done, 1) * 1000, 2),
        "client_cpu_ms": round(times.own_cpu / max(done, 1) * 1000, 2),
        "errors": len(times.errors),
        "first_errors": times.errors[:3],
    }


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20, method="inclusive") if len(seconds) > 1 else seconds * 19
    if not seconds:
        return {}
    return {
        "p50": round(statistics.median(seconds) * 1000, 2),
        "p95": round(cuts[18] * 1000, 2),
        "max": round(max(seconds) * 1000, 2),
    }
