"""A reader's day: next case, then submit, by N readers at once.

python perf/cycle.py [--cases N] [--clients N] [--each N] [--postgres] [--pages] [--beside DIR]

Prints milliseconds (p50, p95) of `next` and `submit`, annotations per second and the server's CPU
milliseconds per annotation, one JSON line for each number of clients. With --beside another checkout of the
product is measured first in the same way. Each is measured on a data folder of its own.
"""

import argparse
import json
import re
import statistics
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server import Reader, Server, database, running

ROOT = Path(__file__).resolve().parent.parent
DIMENSIONS = ("accuracy", "relevance", "comprehensiveness", "creativity", "responsiveness", "overall")
VERSION = re.compile(rb'data-version="([^"]+)"')
SCREEN = re.compile(r"/compare/([0-9a-f-]{36})/")


@dataclass(slots=True)
class Times:
    """Seconds of each request, and what went wrong."""

    next: list[float] = field(default_factory=list)
    submit: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def vote() -> dict[str, Any]:
    """A complete vote, as the browser sends it."""
    content = {
        "choices": dict.fromkeys(DIMENSIONS, "first_clearly"),
        "reasons": {},
        "rationales": {},
        "harm": "neither",
        "viewer": {},
    }
    return {"content": content, "key": str(uuid.uuid4()), "active_seconds": 30, "base_version": 0}


def work(
    server: Server, name: str, count: int, times: Times, start: threading.Barrier, *, pages: bool
) -> None:
    """`count` cases of one reader, as the browser goes from one to the next; `pages`: each page is loaded."""
    reader = Reader(server, name)
    study = server.filled["study"]
    start.wait()
    _, headers, _, _ = reader.ask("POST", f"/s/{study}/work/compare/next/")
    place, version, is_shown = headers.get("location", ""), "", False
    for _ in range(count):
        found = SCREEN.search(place)
        if not found:
            times.errors.append(f"no case: {place}")
            return
        if not is_shown:
            status, _, body, seconds = reader.ask("GET", place)
            times.next.append(seconds)
            if status != 200 or found.group(1).encode() not in body:
                times.errors.append(f"next {status}")
                return
            asked = VERSION.search(body)
            version = asked.group(1).decode() if asked and not pages else ""
        address = f"/work/{found.group(1)}/submit/"
        status, _, body, seconds = reader.ask("POST", address, vote(), {"X-Work-Screen": version})
        times.submit.append(seconds)
        if status != 200:
            times.errors.append(f"submit {status} {body[:200]!r}")
            return
        answer = json.loads(body)
        place, is_shown = answer["next"], bool(answer.get("screen"))


def cycle(server: Server, clients: int, each: int, *, pages: bool) -> dict[str, Any]:
    """Let the readers work; the figures."""
    times, start = Times(), threading.Barrier(clients + 1)
    names = [f"reader{number}" for number in range(clients)]
    threads = [
        threading.Thread(target=work, args=(server, name, each, times, start), kwargs={"pages": pages})
        for name in names
    ]
    for thread in threads:
        thread.start()
    start.wait()
    began, cpu = time.perf_counter(), server.cpu_seconds()
    for thread in threads:
        thread.join()
    seconds, cpu = time.perf_counter() - began, server.cpu_seconds() - cpu
    done = len(times.submit)
    return {
        "next": quantiles(times.next),
        "submit": quantiles(times.submit),
        "per_second": round(done / seconds, 1),
        "cpu_ms": round(cpu / max(done, 1) * 1000, 1),
        "errors": times.errors[:3],
    }


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20, method="inclusive") if len(seconds) > 1 else seconds * 19
    return {
        "p50": round(statistics.median(seconds) * 1000, 1),
        "p95": round(cuts[18] * 1000, 1),
        "max": round(max(seconds) * 1000, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--each", type=int, default=40, help="cases per reader")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server, else SQLite")
    parser.add_argument("--pages", action="store_true", help="load every page, as without scripts")
    parser.add_argument("--beside", type=Path, help="another checkout")
    options = parser.parse_args()
    readers = max(options.clients) + 1
    for checkout in filter(None, (options.beside, ROOT)):
        with (
            database(private=options.postgres) as url,
            running(
                checkout, cases=options.cases, readers=readers, seats=min(readers, 9), database=url
            ) as server,
        ):
            for clients in options.clients:
                figures = cycle(server, clients, options.each, pages=options.pages)
                sys.stdout.write(
                    json.dumps({"checkout": checkout.name, "clients": clients, **figures}) + "\n"
                )


if __name__ == "__main__":
    main()
