"""Handlers that leave a trail of files, so that a test sees what really happened."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from django.conf import settings

from consilium.jobs.handle import JobHandle


def trail(job_id: str) -> Path:
    folder = Path(settings.CONSILIUM_HOME) / "trail" / job_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def steps(job: JobHandle) -> dict[str, Any]:
    """Make one file per step, each exactly once; continue where an earlier attempt stopped."""
    folder, total = trail(str(job.job.pk)), int(job.params["steps"])
    for number in range(total):
        if (folder / str(number)).exists():
            continue
        time.sleep(job.params["seconds"])
        job.fence()
        with (folder / str(number)).open("x") as out:
            out.write(f"{os.getpid()} {job.job.attempt}")
        job.progress(number + 1, total)
    return {"steps": total, "pid": os.getpid()}


def poison(job: JobHandle) -> dict[str, Any]:
    """Kill the worker at every attempt."""
    (trail(str(job.job.pk)) / str(job.job.attempt)).touch()
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def deaf(job: JobHandle) -> dict[str, Any]:
    """Never ask whether to go on: only the heartbeat notices that the lease is lost."""
    folder = trail(str(job.job.pk))
    (folder / f"began-{job.job.attempt}").touch()
    until = time.monotonic() + job.params["seconds"]
    while time.monotonic() < until:
        time.sleep(0.05)
    return {"by": os.getpid()}
