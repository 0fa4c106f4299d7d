"""A reader's day: next case, then submit, by N readers at once.

python perf/cycle.py [--cases N] [--clients N ...] [--each N] [--postgres] [--pages] [--label-studio]
                     [--beside DIR]

Prints one JSON line for each server and number of clients: milliseconds (p50, p95, max) of `next`, `submit`
and of both together (`turn`), annotations per second, and CPU milliseconds per annotation of the web server
and its database (SQLite works inside the web server; a private PostgreSQL server is counted for each).
The product's own script gets the next screen with the answer to `submit`; with --pages the same readers are
also measured as without scripts, when every page is loaded and both steps are seen alone. With --beside
another checkout of the product is measured as well, with --label-studio Label Studio. All run on data folders
of their own and take turns: after each round of one comes the same round of the others.
"""

import argparse
import dataclasses
import json
import sys
from contextlib import ExitStack
from pathlib import Path

import label_studio
from clients import Subject, Times, figures, work_together
from processes import ROOT, Database, database
from server import running


def subjects(stack: ExitStack, options: argparse.Namespace) -> list[Subject]:
    """Start everything that is measured."""
    readers = max(options.clients) + 1
    numbers = {"cases": options.cases, "readers": readers, "seats": min(readers, 9)}

    def own_database() -> Database:
        return stack.enter_context(database(private=options.postgres))

    found: list[Subject] = []
    for checkout in filter(None, (ROOT, options.beside)):
        server = stack.enter_context(running(checkout, database=own_database(), **numbers))
        found.append(server)
        if options.pages:
            found.append(dataclasses.replace(server, name=f"{server.name}, pages", pages=True))
    if options.label_studio and label_studio.is_installed():
        found.append(stack.enter_context(label_studio.running(database=own_database(), **numbers)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--each", type=int, default=40, help="cases per reader and round")
    parser.add_argument("--peer-each", type=int, default=10, help="the same for Label Studio")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--postgres", action="store_true", help="on private PostgreSQL servers, else SQLite")
    parser.add_argument("--pages", action="store_true", help="also as without scripts")
    parser.add_argument("--label-studio", action="store_true", help="beside it, when it is installed")
    parser.add_argument("--beside", type=Path, help="another checkout")
    options = parser.parse_args()
    with ExitStack() as stack:
        found = subjects(stack, options)
        for one in found:
            work_together(
                one, min(8, max(options.clients)), 2, Times()
            )  # both processes have loaded their code
        for clients in options.clients:
            times = {one.name: Times() for one in found}
            for _ in range(options.rounds):
                for one in found:
                    each = options.peer_each if one.name == "label-studio" else options.each
                    work_together(one, clients, each, times[one.name])
            for name, seen in times.items():
                where = {
                    "subject": name,
                    "database": "postgresql" if options.postgres else "sqlite",
                    "clients": clients,
                    "is_peer": name == "label-studio",
                }
                sys.stdout.write(json.dumps({**where, **figures(seen)}) + "\n")


if __name__ == "__main__":
    main()
