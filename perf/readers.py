"""A busy day: many readers who each finish a case every twenty seconds.

python perf/readers.py [--readers N] [--seconds N] [--pause N] [--cases N] [--postgres]

An action is one submission, whose answer brings the next screen; as a browser's, each comes over a connection
of its own, because the last one has been closed meanwhile. A second after it the reader's browser fetches
the next case ahead. Pauses vary by half their length, drawn with a
seed; the readers' first actions are spread over one pause. Prints one JSON line with cycle.py's figures.
"""

import argparse
import json
import random
import sys
import threading
import time

from clients import Times, figures
from processes import database
from server import Reader, Server, running

LOOKS_SECONDS = 1.0


def read(reader: Reader, draw: random.Random, pause: float, until: float, times: Times) -> None:
    """One reader until the end of the day."""
    wait = draw.uniform(0, pause)
    while time.perf_counter() + wait < until:
        time.sleep(wait)
        try:
            if not reader.work_one(times):
                return
            reader.hang_up()
            time.sleep(LOOKS_SECONDS)
            if not reader.look_ahead(times):
                return
        except OSError as problem:
            times.fail(repr(problem))
        reader.hang_up()
        wait = draw.uniform(pause / 2, pause * 3 / 2) - LOOKS_SECONDS


def day(server: Server, readers: int, seconds: float, pause: float) -> Times:
    """All readers, each already at a first case."""
    times, seats = Times(), []
    for number in range(readers):
        seat = server.sit(number)
        seat.work_one(Times())
        seat.hang_up()
        seats.append(seat)
    began, cpu, own_cpu = time.perf_counter(), server.cpu_seconds(), time.process_time()
    threads = [
        threading.Thread(target=read, args=(seat, random.Random(number), pause, began + seconds, times))
        for number, seat in enumerate(seats)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.seconds, times.cpu = time.perf_counter() - began, server.cpu_seconds() - cpu
    times.own_cpu = time.process_time() - own_cpu
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--pause", type=float, default=20, help="seconds between two actions of one reader")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server, else SQLite")
    options = parser.parse_args()
    numbers = {"cases": options.cases, "readers": options.readers, "seats": 3}
    with (
        database(private=options.postgres) as found,
        running(database=found, votes=3, left=options.cases // 2, **numbers) as server,
    ):
        times = day(server, options.readers, options.seconds, options.pause)
    where = {"database": found.name, "readers": options.readers}
    sys.stdout.write(json.dumps({**where, **figures(times)}) + "\n")


if __name__ == "__main__":
    main()
