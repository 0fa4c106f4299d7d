"""The supervisor with children that misbehave: deaf to SIGTERM, with stray helpers, ending at once."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from consilium.processes import descendants
from consilium.start import REFUSED
from tests.harness.processes import dies_with_parent
from tests.harness.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]
SLEEP = "import time; time.sleep(300)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
# A helper in a session of its own, with an empty environment, that outlives its parent.
STRAY = (
    "import subprocess, sys; "
    f"subprocess.Popen([sys.executable, '-c', {DEAF!r}], env={{}}, start_new_session=True, close_fds=True); "
)
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(*codes: str, grace: float = 0.5) -> "subprocess.Popen[bytes]":
        commands = json.dumps([[sys.executable, "-c", code] for code in codes])
        made = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.supervised", str(grace), commands],
            cwd=ROOT,
            preexec_fn=dies_with_parent(),  # noqa: PLW1509
        )
        started.append(made)
        return made

    yield begin
    for process in started:
        process.kill()
        process.wait()


def wait_for_tree(process: "subprocess.Popen[bytes]", count: int) -> set[int]:
    wait_until(lambda: len(descendants(process.pid)) == count, seconds=20, what=f"{count} processes run")
    return descendants(process.pid)


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and "Z" not in state(pid)}


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def is_deaf(pid: int) -> bool:
    """Whether it ignores SIGTERM by now: an interpreter that only starts would end."""
    (ignored,) = re.findall(r"^SigIgn:\t(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(ignored, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_child_deaf_to_sigterm_and_its_stray_helpers_are_gone(start: Start, number: signal.Signals) -> None:
    supervisor = start(STRAY + SLEEP, STRAY + DEAF)
    tree = wait_for_tree(supervisor, 4)
    supervisor.send_signal(number)
    supervisor.wait(20)
    assert alive(tree) == set()


def test_an_orphan_of_a_child_that_was_killed_is_found_at_the_end(start: Start) -> None:
    supervisor = start(STRAY + SLEEP)
    first = wait_for_tree(supervisor, 2)
    (main,) = (pid for pid in first if f"PPid:\t{supervisor.pid}" in Path(f"/proc/{pid}/status").read_text())
    os.kill(main, signal.SIGKILL)
    second = wait_for_tree(supervisor, 3)  # the orphan, the new child and its helper
    supervisor.send_signal(signal.SIGINT)
    supervisor.wait(20)
    assert alive(first | second) == set()


def test_a_supervisor_that_is_killed_takes_its_children_along(start: Start) -> None:
    supervisor = start(SLEEP, DEAF)
    tree = wait_for_tree(supervisor, 2)
    supervisor.kill()
    supervisor.wait()
    wait_until(lambda: not alive(tree), seconds=10, what="the children are gone")


def test_a_child_that_ends_at_once_is_restarted_with_growing_pauses(start: Start, tmp_path: Path) -> None:
    trail = tmp_path / "starts"
    start(f"import time; open({str(trail)!r}, 'a').write(f'{{time.monotonic()}}\\n')")
    wait_until(
        lambda: trail.exists() and len(trail.read_text().split()) >= 3, seconds=30, what="three starts"
    )
    at = [float(line) for line in trail.read_text().split()]
    assert at[1] - at[0] >= 0.5
    assert at[2] - at[1] >= 1.0
    assert at[2] - at[1] > at[1] - at[0]


def test_a_child_that_refuses_to_start_ends_them_all(start: Start, tmp_path: Path) -> None:
    trail = tmp_path / "starts"
    refuses = f"import sys; open({str(trail)!r}, 'a').write('x'); sys.exit({REFUSED})"
    supervisor = start(refuses, SLEEP)
    supervisor.wait(20)
    assert trail.read_text() == "x"


def test_asked_twice_it_does_not_wait_for_the_grace(start: Start) -> None:
    supervisor = start(DEAF, grace=60)
    tree = wait_for_tree(supervisor, 1)
    wait_until(lambda: all(map(is_deaf, tree)), seconds=20, what="the child is deaf to SIGTERM")
    supervisor.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        supervisor.wait(1)
    supervisor.send_signal(signal.SIGINT)
    supervisor.wait(20)
    assert alive(tree) == set()


@pytest.mark.parametrize("missing", [[], ["torch", "trl"]])
def test_up_starts_a_gpu_worker_only_where_its_libraries_are(
    missing: list[str], monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    settings.CONSILIUM_HOME = tmp_path
    started: list[str] = []
    up = "dashboard.management.commands.up"
    monkeypatch.setattr(f"{up}.prepare", lambda **_: None)
    monkeypatch.setattr(f"{up}.command_lines.missing_model_libraries", lambda: missing)
    monkeypatch.setattr(
        f"{up}.Supervisor.run", lambda self, step: started.extend(one.name for one in self.children)
    )
    told = io.StringIO()
    call_command("up", "--port=0", "--json", stdout=io.StringIO(), stderr=told)
    assert started == ["web", "worker", *([] if missing else ["gpu worker"])]
    assert told.getvalue().count("No gpu worker is started") == bool(missing)
    assert ("torch, trl" in told.getvalue()) == bool(missing)
