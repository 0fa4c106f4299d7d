"""What pages cost: CPU and wall milliseconds of each, and of a reader's two steps beside a bare view.

python perf/pages.py [--cases N] [--judges N] [--judged N] [--tries N] [--postgres]

Requests go straight to the WSGI application in this process, through all its middleware. The study has
`--cases` settled cases of three votes, and open ones for the reader. `bare` is a view behind the same
middleware (session and person are looked up) that asks one row and answers JSON; `ratio` is a step's median
CPU over that of `bare`. `submit` answers with the next screen, as the product's page asks it to,
`submit_alone` does not. `agreement_made`, `leaderboard_made` and `report_made`: the first visit of a page of
figures and the jobs that it asks for, once. With PostgreSQL the work of the database is not in the CPU time.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import board
import fill
from clients import Times, quantiles
from in_process import InProcess, installation
from processes import database
from server import Reader, vote

VOTES = 3
READERS = 24


def content(options: argparse.Namespace) -> dict[str, dict[str, str]]:
    """Two studies, one of readers and one with a leaderboard; a cookie for the lead and one for a reader."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, transaction

    call_command("collectstatic", interactive=False, verbosity=0)
    with transaction.atomic():
        lead, readers = fill.people(READERS)
        for slug, cases, left in (("perf", options.cases, 6 * options.tries), ("board", options.judged, 0)):
            study = fill.study(lead, readers, VOTES, slug)
            fill.answers(study, cases + left)
            fill.open_cases(study, lead, VOTES)
            fill.votes(study, readers, VOTES, left)
        keys = fill.sessions([lead, readers[0]])
    release = board.made(study, lead, options.judges)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    name = settings.SESSION_COOKIE_NAME
    options.release = release.pk
    return {"lead": {name: keys["lead"]}, "reader": {name: keys["reader0"]}}


def cost(act: Callable[[], float], tries: int) -> dict[str, float]:
    """Median CPU and wall milliseconds and the 95th percentiles of an act that gives its CPU seconds."""
    act()
    cpu, wall = [], []
    for _ in range(tries):
        began = time.perf_counter()
        cpu.append(act())
        wall.append(time.perf_counter() - began)
    used, took = quantiles(cpu), quantiles(wall)
    return {"cpu_ms": used["p50"], "cpu_p95": used["p95"], "ms": took["p50"], "p95": took["p95"]}


def shown(wire: InProcess, path: str, tries: int) -> dict[str, Any]:
    """One page, asked again and again."""

    def ask() -> float:
        answer = wire.ask("GET", path)
        assert answer.status == 200, (path, answer.status)
        return answer.seconds

    return cost(ask, tries)


def figures_made(wire: InProcess, path: str) -> dict[str, float]:
    """The first visit of a page of figures computes few at once and asks for a job for many; both, once."""
    from consilium.jobs.models import Job
    from consilium.jobs.run import run_now

    began, cpu = time.perf_counter(), time.process_time()
    wire.ask("GET", path)
    for job in Job.objects.filter(state="queued"):
        assert run_now(job).state == "succeeded", job
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"cpu_ms": round(1000 * cpu, 1), "ms": round(1000 * wall, 1)}


def steps(cookies: dict[str, str], tries: int) -> dict[str, dict[str, Any]]:
    """A reader's steps, and the bare view between any two of them: the pace of the machine is the same."""
    wire = InProcess(cookies)
    visitor = Reader(wire, "perf")

    def bare(method: str, body: Any) -> float:
        answer = visitor.ask(method, "/bare/", body)
        assert answer.status == 200, answer.status
        return answer.seconds

    seconds: dict[str, list[float]] = {"bare": [], "bare_post": []}
    for name, pages in (("submit", False), ("submit_alone", True)):
        reader, times = Reader(wire, "perf", pages=pages), Times()
        for _ in range(3):
            reader.work_one(Times())
        while len(times.turn) < tries and reader.work_one(times):
            seconds["bare"].append(bare("GET", None))
            seconds["bare_post"].append(bare("POST", vote()))
        assert not times.errors, times.errors
        seconds[name] = times.submit
        if pages:
            seconds["next"] = times.next
    found: dict[str, dict[str, Any]] = {}
    for name, of in seconds.items():
        used = quantiles(of)
        found[name] = {"cpu_ms": used["p50"], "cpu_p95": used["p95"]}
    for name, beside in (("next", "bare"), ("submit", "bare_post"), ("submit_alone", "bare_post")):
        found[name]["ratio"] = round(found[name]["cpu_ms"] / found[beside]["cpu_ms"], 2)
    return found


def measure(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Every page of the study, then the steps."""
    from django.conf import settings

    cookies = content(options)
    settings.ROOT_URLCONF = "bare"
    lead, reader = InProcess(cookies["lead"]), InProcess(cookies["reader"])
    found = {
        "agreement_made": figures_made(lead, "/s/perf/agreement/"),
        "leaderboard_made": figures_made(lead, "/s/board/leaderboard/"),
        "report_made": figures_made(lead, f"/s/board/leaderboard/{options.release}/report/"),
    }
    report = f"/s/board/leaderboard/{options.release}/report"
    pages = {
        "overview": "/s/perf/",
        "rounds": "/s/perf/rounds/",
        "cases": "/s/perf/cases/",
        "agreement": "/s/perf/agreement/",
        "leaderboard": "/s/board/leaderboard/",
        "report": f"{report}/",
        "report_slices": f"{report}/slices/",
        "report_pairs": f"{report}/pairs/",
        "report_cases": f"{report}/cases/",
    }
    found |= {name: shown(lead, path, options.tries) for name, path in pages.items()}
    found["work"] = shown(reader, "/s/perf/work/", options.tries)
    return found | steps(cookies["reader"], options.tries)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--judges", type=int, default=32)
    parser.add_argument("--judged", type=int, default=1026, help="cases that the judges judged")
    parser.add_argument("--tries", type=int, default=40)
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server, else SQLite")
    options = parser.parse_args()
    with database(private=options.postgres) as found, installation(found.url):
        for name, figures in measure(options).items():
            sys.stdout.write(json.dumps({"page": name, "database": found.name, **figures}) + "\n")


if __name__ == "__main__":
    main()
