"""`python -m tests.training.worker JOB`: a worker process that tests kill; it ends when the job is over."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.db import connection

from tests.harness.forked import ForkedPython, start_python

LEASE = 2.0
PATIENCE_SECONDS = 120.0


@contextmanager
def working_on(job_id: object, home: Path) -> Iterator[ForkedPython]:
    """A worker on the test's own database, in a process group that is gone after the block."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.training.worker_settings",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "CONSILIUM_HOME": str(home),
        "CONSILIUM_MODELS": str(settings.MODELS_FOLDER),
        "CONSILIUM_JOB_LEASE": str(LEASE),
        "OMP_NUM_THREADS": "1",
    }
    words = ["-m", "tests.training.worker", str(job_id)]
    process = start_python(words, env=environment, log=home / "worker.log")
    try:
        yield process
    finally:
        kill(process)


def kill(process: ForkedPython) -> None:
    """End the worker, not the training process that it started, without a chance to say goodbye."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def main(job_id: str) -> None:
    """Take the job as soon as nobody holds it, and run it."""
    django.setup()
    from consilium.jobs.models import Job
    from consilium.jobs.reaper import requeue_lost
    from consilium.jobs.run import run_now

    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        requeue_lost()
        if run_now(Job.objects.get(pk=job_id)).is_over:
            return
        time.sleep(0.2)
    raise SystemExit("the job is not over")


if __name__ == "__main__":
    main(sys.argv[1])
