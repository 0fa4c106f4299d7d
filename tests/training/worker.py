"""`python -m tests.training.worker JOB`: a worker process that tests kill; it ends when the job is over."""

import os
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.db import connection

from consilium.jobs.models import Job
from tests.training.making import ENVIRONMENT

LEASE = 2.0
PATIENCE_SECONDS = 120.0


def start(job: Job, home: Path) -> subprocess.Popen[bytes]:
    """A worker on the test's own database, in a process group of its own."""
    environment = {
        **os.environ,
        **ENVIRONMENT,
        "DJANGO_SETTINGS_MODULE": "tests.training.worker_settings",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "CONSILIUM_HOME": str(home),
        "CONSILIUM_MODELS": str(settings.MODELS_FOLDER),
        "CONSILIUM_JOB_LEASE": str(LEASE),
    }
    with (home / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.training.worker", str(job.pk)],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def main(job_id: str) -> None:
    """Take the job as soon as nobody holds it, and run it."""
    import django

    django.setup()
    from consilium.jobs.running import run_now
    from consilium.jobs.sweeping import requeue_lost

    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        requeue_lost()
        if run_now(Job.objects.get(pk=job_id)).is_over:
            return
        time.sleep(0.2)
    raise SystemExit("the job is not over")


if __name__ == "__main__":
    main(sys.argv[1])
