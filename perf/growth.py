"""How much slower a reader's steps get as a study grows: `next` and `submit` at three sizes.

python perf/growth.py [--sizes N ...] [--each N] [--clients N] [--postgres]

Nine cases in ten (of a small study at most all but 500) have three votes and a label already, the rest is
open. Prints one JSON line for each size, as cycle.py does, every page being loaded so that both steps are
seen alone; then one with the growth of their medians and 95th percentiles from the smallest to the largest
size, as ratios. All servers run at once and take turns, so that what else the machine does touches all alike.
"""

import argparse
import dataclasses
import json
import sys
from contextlib import ExitStack

from clients import Times, figures, work_together
from processes import database
from server import running

ROUNDS = 5
OPEN = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--each", type=int, default=30, help=f"cases per reader in each of {ROUNDS} rounds")
    parser.add_argument("--postgres", action="store_true", help="on private PostgreSQL servers, else SQLite")
    options = parser.parse_args()
    with ExitStack() as stack:
        servers = {}
        for size in options.sizes:
            found = stack.enter_context(database(private=options.postgres))
            numbers = {"cases": size, "readers": 24, "seats": 9, "votes": 3, "left": max(size // 10, OPEN)}
            server = stack.enter_context(running(database=found, **numbers))
            servers[size] = dataclasses.replace(server, pages=True)
        times = {size: Times() for size in servers}
        for server in servers.values():
            work_together(server, 8, 2, Times())
        for _ in range(ROUNDS):
            for size, server in servers.items():
                work_together(server, options.clients, options.each, times[size])
    name = "postgresql" if options.postgres else "sqlite"
    seen = {size: figures(one) for size, one in times.items()}
    for size, one in seen.items():
        sys.stdout.write(json.dumps({"cases": size, "database": name, **one}) + "\n")
    small, large = seen[min(seen)], seen[max(seen)]
    growth = {
        f"{step}_{figure}": round(large[step][figure] / small[step][figure], 2)
        for step in ("next", "submit")
        for figure in ("p50", "p95")
    }
    errors = sum(one["errors"] for one in seen.values())
    sys.stdout.write(
        json.dumps({"measure": "growth", "database": name, "growth": growth, "errors": errors}) + "\n"
    )


if __name__ == "__main__":
    main()
