"""`python -m tests.deploy`: a deployment on hosts of its own, readers who vote, and every part killed once.

The last line is a JSON object with the figures. Exit status 0: every promise held; 1: one was broken,
or a part did not come back; 2: this user or this machine may not make network namespaces.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.deploy import checks, faults
from tests.deploy.journal import events
from tests.deploy.network import FRONT, NotPermitted, check_permitted, marked_processes, namespaces
from tests.deploy.site import CLINICS, PLAN, Deployment, NotReady, deployed, wait_for

FIRST_VOTES = 25
JOBS_SECONDS = 90.0
REST_SECONDS = 100.0


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--cases", type=int, default=420)
    parser.add_argument("--only", default="", help="faults whose name holds this word")
    parser.add_argument("--keep", action="store_true", help="leave the logs where they are")
    given = parser.parse_args()
    try:
        check_permitted()
    except NotPermitted as problem:
        sys.stderr.write(f"The deployment was not tested: {problem}\n")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # else namespaces would stay
    folder = Path(tempfile.mkdtemp(prefix="consilium-deploy-"))
    before, began = namespaces(), time.monotonic()
    try:
        report, mark = _run(folder, given)
        report["broken"] += [f"Namespace {name} is left." for name in sorted(namespaces() - before)]
        report["broken"] += [f"Process {pid} is left." for pid in marked_processes(mark)]
    except NotReady as problem:
        sys.stderr.write(f"BROKEN: {problem}\n")
        return 1
    finally:
        if given.keep:
            say(f"Logs: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    report["seconds"] = round(time.monotonic() - began)
    for sentence in report["broken"]:
        say(f"BROKEN: {sentence}")
    say(json.dumps(report))
    return 1 if report["broken"] else 0


def _run(folder: Path, given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    journal = folder / "journal"
    chosen = [fault for fault in faults.FAULTS if given.only in fault.name]
    with deployed(folder, given.readers, given.cases) as site:
        say(f"{len(PLAN)} hosts are up.")
        people = _people(site, given.readers)
        began = time.monotonic()
        wait_for(lambda: _votes(journal) >= FIRST_VOTES, "people vote")
        episodes = []
        try:
            for episode in faults.suffered(site, chosen, lambda: _votes(journal)):
                episode.add_up(events(journal))
                say(_line(episode))
                episodes.append(episode)
            people.send_signal(signal.SIGTERM)
            people.wait(REST_SECONDS)
        finally:
            people.kill()
        read_for = time.monotonic() - began
        unfinished = checks.jobs_left(site)
        wait_for(lambda: not checks.jobs_left(site), f"jobs end: {unfinished}", JOBS_SECONDS)
        seen = list(events(journal))
        return _report(site, seen, episodes, read_for), site.mark


def _people(site: Deployment, readers: int) -> Any:
    command = ["python", "-m", "tests.deploy.readers", str(site.folder), str(readers),
               PLAN["proxy"][FRONT], json.dumps(CLINICS)]  # fmt: skip
    return site.begin_on("people", command)


def _votes(journal: Path) -> int:
    return sum(event["what"] == "vote" for event in events(journal))


def _line(episode: faults.Episode) -> str:
    causes = ", ".join(f"{count} x {cause}" for cause, count in sorted(episode.retries.items())) or "none"
    return (
        f"{episode.name}: longest time without a vote {episode.longest_gap:.1f} s, "
        f"{episode.votes} votes in {episode.over - episode.struck:.0f} s, retries: {causes}"
    )


def _report(
    site: Deployment, seen: list[dict[str, Any]], episodes: list[faults.Episode], read_for: float
) -> dict[str, Any]:
    retries = Counter(event["cause"] for event in seen if event["what"] == "retry")
    return {
        "votes": sum(event["what"] == "vote" for event in seen),
        "drafts": sum(event["what"] == "draft" for event in seen),
        "imports": sum(event["what"] == "import" for event in seen),
        "reading_seconds": round(read_for),
        "retries": dict(retries),
        "faults": {
            episode.name: {
                "longest_gap_seconds": round(episode.longest_gap, 1),
                "votes": episode.votes,
                "retries": dict(episode.retries),
                "back_after_seconds": round(episode.healed - episode.struck, 1),
            }
            for episode in episodes
        },
        "broken": checks.broken_promises(site, seen),
        **checks.figures(site),
    }


if __name__ == "__main__":
    sys.exit(main())
