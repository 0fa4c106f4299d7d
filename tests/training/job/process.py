"""Running the training process as the product does: a specification file, events on stdout, signals.

All but the undisturbed runs are forked from a process that has the imports behind it (harness/forked.py).
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import pytest

from tests.harness import forked

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
Event = dict[str, Any]


def standard(line: str) -> Event:
    """An event that is JSON by the standard: json.loads alone would take NaN."""
    event: Event = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return event


def run_stage(
    spec: dict[str, Any],
    when: Callable[[Event], bool] = lambda _event: False,
    send: int = signal.SIGKILL,
    *,
    command: tuple[str, ...] = ("training.job", "{spec}"),
    is_fresh: bool = False,
) -> tuple[list[Event], int]:
    """Run one stage, sending a signal at the first event for which `when` holds; return events and status."""
    out = Path(spec["out"])
    path = out.with_suffix(".json")
    path.write_text(json.dumps(spec))
    words = [word.format(spec=path) for word in command]
    events: list[Event] = []
    sent = False
    with ExitStack() as stack:
        errors = stack.enter_context(out.with_suffix(".err").open("ab"))
        reads, writes = os.pipe()
        lines = stack.enter_context(os.fdopen(reads))
        process: forked.ForkedPython | subprocess.Popen[bytes]
        with os.fdopen(writes, "wb") as says:
            if is_fresh:
                fresh = subprocess.Popen(
                    [sys.executable, "-m", *words], stdout=says, stderr=errors, env=ENVIRONMENT
                )
                process = stack.enter_context(fresh)
            else:
                process = _start(words, says, errors)
        for line in lines:
            events.append(standard(line))
            if not sent and when(events[-1]):
                process.send_signal(send)
                sent = True
        status = process.wait()
    return events, status


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        status = _start(arguments, out, err).wait()
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(arguments, status, *said)


def _start(words: Sequence[str], out: IO[bytes], err: IO[bytes]) -> forked.ForkedPython:
    with Path(os.devnull).open("rb") as nothing:
        return forked.trainers.start(["-m", *words], env=ENVIRONMENT, stdin=nothing, out=out, err=err)


def at(event: str, step: int) -> Callable[[Event], bool]:
    """The first `event` at `step` or later."""
    return lambda line: line["event"] == event and line["step"] >= step
