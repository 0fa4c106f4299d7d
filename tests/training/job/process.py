"""Running the training process as the product does: a specification file, events on stdout, signals."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def run_stage(
    spec: dict[str, Any],
    when: Callable[[Event], bool] = lambda _event: False,
    send: int = signal.SIGKILL,
) -> tuple[list[Event], int]:
    """Run one stage, sending a signal at the first event for which `when` holds; return events and status."""
    out = Path(spec["out"])
    path = out.with_suffix(".json")
    path.write_text(json.dumps(spec))
    events: list[Event] = []
    sent = False
    with (
        out.with_suffix(".err").open("ab") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "training.job", str(path)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=ENVIRONMENT,
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            events.append(json.loads(line))
            if not sent and when(events[-1]):
                process.send_signal(send)
                sent = True
    return events, process.returncode


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, env=ENVIRONMENT, check=False
    )


def at(event: str, step: int) -> Callable[[Event], bool]:
    """The first `event` at `step` or later."""
    return lambda line: line["event"] == event and line["step"] >= step
