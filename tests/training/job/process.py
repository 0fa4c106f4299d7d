"""Running the training process as the product does: a specification file, events on stdout, signals.

All but the undisturbed runs are forked from a process that has the imports behind it (see warm.py).
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.training.job.warm import ENVIRONMENT, WarmChild, WarmProcess

Event = dict[str, Any]


def standard(line: str) -> Event:
    """An event that is JSON by the standard: json.loads alone would take NaN."""
    event: Event = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return event


@cache
def warm() -> WarmProcess:
    """The one process of this session; `bench` ends it."""
    return WarmProcess()


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
        process: WarmChild | subprocess.Popen[bytes]
        try:
            if is_fresh:
                fresh = subprocess.Popen(
                    [sys.executable, "-m", *words], stdout=writes, stderr=errors, env=ENVIRONMENT
                )
                process = stack.enter_context(fresh)
            else:
                process = warm().start(*words, out=writes, err=errors.fileno())
        finally:
            os.close(writes)
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
        status = warm().start(*arguments, out=out.fileno(), err=err.fileno()).wait()
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(arguments, status, *said)


def at(event: str, step: int) -> Callable[[Event], bool]:
    """The first `event` at `step` or later."""
    return lambda line: line["event"] == event and line["step"] >= step
