"""What `make perf` runs: every measurement, one table with a row per promise, and the results as JSON.

python perf/table.py [--only NAME ...] [--small]

Each measurement is a program of its own that prints JSON lines, on an installation of its own. The table
shows ours, a peer's beside it where one is installed (`make perf-peers`), and their ratio. The JSON in
perf/results/, named by the commit, also holds the machine and all that was printed. --only runs some
measurements, --small tries all with small numbers, which say nothing about the promises. The exit status is 1
when a promise does not hold or a measurement failed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from promises import PROMISES, Promise, Row, judge, table

HERE = Path(__file__).resolve().parent
DAY = ["cycle.py", "--pages", "--label-studio", "--clients", "1", "8", "16"]
WHOLE = [*DAY, "--cases=10000", "--rounds=3", "--each=20", "--peer-each=10"]
SMALL = [*DAY, "--cases=500", "--each=4", "--peer-each=2"]
GROWTH = ["growth.py", "--sizes", "1000", "10000", "100000"]
GROWTH_SMALL = ["growth.py", "--each=4", "--sizes", "600", "1200"]
READERS_SMALL = ["readers.py", "--readers=20", "--seconds=10", "--pause=2", "--cases=200"]
RELEASES = ["releases.py", "--cases=9800", "--round=2000"]
RELEASES_SMALL = ["releases.py", "--cases=300", "--round=100"]
EXPORTS_SMALL = ["exports.py", "--cases", "200", "400"]
PAGES_SMALL = ["pages.py", "--cases=300", "--judges=3", "--judged=60", "--tries=5"]
CALLS_SMALL = ["calls.py", "--calls=200", "--openai-calls=50", "--inspect-calls=20"]
JUDGE_CALLS_SMALL = ["judge_calls.py", "--cases=32", "--inspect-calls=20"]
PANEL_SMALL = ["judge_panel.py", "--judges=4", "--cases", "100", "300", "--replicates=200"]
BOOTSTRAP_SMALL = ["bootstrap.py", "--judges=4", "--cases=100", "--replicates=500", "--votes=300"]
REPORT_1026 = ["judge_report.py", "--cases=1026", "--replicates=10000"]
# Name, the whole measurement, and a small one.
MEASUREMENTS: dict[str, tuple[list[str], list[str]]] = {
    "calls": (["calls.py"], CALLS_SMALL),
    "judge-calls": (["judge_calls.py"], JUDGE_CALLS_SMALL),
    "cycle-sqlite": (WHOLE, SMALL),
    "cycle-postgresql": ([*WHOLE, "--postgres"], [*SMALL, "--postgres"]),
    "browser": (["browser.py", "--label-studio"], ["browser.py", "--label-studio", "--votes=5"]),
    "pages": (["pages.py"], PAGES_SMALL),
    "bootstrap": (["bootstrap.py"], BOOTSTRAP_SMALL),
    "judge-panel": (["judge_panel.py"], PANEL_SMALL),
    "judge-report-1026": (REPORT_1026, [*REPORT_1026, "--judges=4", "--cases=300", "--replicates=500"]),
    "judge-report": (["judge_report.py"], ["judge_report.py", "--judges=4", "--cases=300"]),
    "merge": (["merge.py"], ["merge.py", "--shapes", "tiny"]),
    "stages": (["stages.py"], ["stages.py", "--steps=4", "--repeats=1"]),
    "releases-sqlite": (RELEASES, RELEASES_SMALL),
    "releases-postgresql": ([*RELEASES, "--postgres"], [*RELEASES_SMALL, "--postgres"]),
    "exports": (["exports.py"], EXPORTS_SMALL),
    "readers-sqlite": (["readers.py"], READERS_SMALL),
    "readers-postgresql": (["readers.py", "--postgres"], [*READERS_SMALL, "--postgres"]),
    "growth-sqlite": (GROWTH, GROWTH_SMALL),
    "growth-postgresql": ([*GROWTH, "--postgres"], [*GROWTH_SMALL, "--postgres"]),
}


def machine() -> dict[str, Any]:
    """What the figures depend on, without the names of machine or folders."""
    models = (line for line in _text("/proc/cpuinfo").splitlines() if line.startswith("model name"))
    system = dict(line.split("=", 1) for line in _text("/etc/os-release").splitlines() if "=" in line)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "ram_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "cpu": next(models, platform.machine()).rpartition(":")[2].strip(),
        "python": platform.python_version(),
        "os": system.get("PRETTY_NAME", platform.system()).strip('"'),
        "kernel": platform.release(),
        "load": round(os.getloadavg()[0], 2),
    }


def commit() -> str:
    """The checkout's commit; marked where files differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return f"{head}-changed" if _git("status", "--porcelain", "--untracked-files=no") else head


def run(name: str, *, is_small: bool) -> list[dict[str, Any]]:
    """Run one measurement; its lines, or none when it failed."""
    program, *arguments = MEASUREMENTS[name][is_small]
    sys.stderr.write(f"== {name}\n")
    done = subprocess.run(
        [sys.executable, HERE / program, *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(f"{name} failed with exit status {done.returncode}\n")
        return []
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def wanted(names: list[str]) -> list[Promise]:
    """The promises about these measurements."""
    return [promise for promise in PROMISES if promise.ours.measurement in names]


def keep(rows: list[Row], lines: dict[str, Any], *, before: dict[str, Any], is_small: bool) -> Path:
    """Store the results; the file."""
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    path = results / f"{commit()}{'-small' if is_small else ''}.json"
    kept = {
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": before,
        "is_small": is_small,
        "rows": [asdict(row) for row in rows],
        "lines": lines,
    }
    path.write_text(json.dumps(kept, indent=1) + "\n")
    return path


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=HERE, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", choices=MEASUREMENTS, metavar="NAME", help=" ".join(MEASUREMENTS)
    )
    parser.add_argument("--small", action="store_true", help="a quick try")
    options = parser.parse_args()
    before, chosen = machine(), options.only or list(MEASUREMENTS)
    lines = {name: run(name, is_small=options.small) for name in chosen}
    rows = [judge(promise, lines) for promise in wanted(chosen)]
    path = keep(rows, lines, before=before, is_small=options.small)
    print(table(rows))
    print(f"\n{before['cores']} cores, {before['cpu']}, {before['os']}; {path.relative_to(HERE.parent)}")
    broken = [] if options.small else [row for row in rows if row.holds is False]
    return int(not all(lines.values()) or bool(broken))


if __name__ == "__main__":
    sys.exit(main())
