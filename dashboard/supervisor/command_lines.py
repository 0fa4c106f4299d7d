"""The command lines of the children."""

import os
import sys
from importlib.util import find_spec
from typing import Final

WEB_WORKERS, WEB_THREADS = 2, 4
GPU_JOBS: Final = 1
MODEL_LIBRARIES: Final = ("torch", "transformers", "trl", "peft", "datasets")


def missing_model_libraries() -> list[str]:
    """What a worker of the gpu queue needs and this host lacks (it has requirements-web.txt only)."""
    return [name for name in MODEL_LIBRARIES if find_spec(name) is None]


def web(listener_fd: int, *, reload: bool = False) -> list[str]:
    """gunicorn with threads, on a socket that is already listening; `reload`: anew when code changes.

    The application is loaded once, before the workers are forked: what refuses a start says so once, and a
    worker that dies is replaced while the database is away.
    """
    options = {
        "config": "python:consilium.web_server.gunicorn_settings",
        "bind": f"fd://{listener_fd}",
        "workers": 1 if reload else WEB_WORKERS,
        "threads": WEB_THREADS,
    }
    arguments = [f"--{name}={value}" for name, value in options.items()] + [
        "--reload" if reload else "--preload"
    ]
    return [sys.executable, "-m", "gunicorn", *arguments, "consilium.wsgi:application"]


def worker(*queues: str, jobs: int) -> list[str]:
    """A Celery worker of these queues, named after the last, with a thread for each of its `jobs` at once."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING"]
    name = f"--hostname={queues[-1]}-{os.getpid()}@%h"
    start = [sys.executable, "-m", "celery", "--quiet", "--app=consilium", "worker"]
    return [*start, f"--queues={','.join(queues)}", "--pool=threads", f"--concurrency={jobs}", name, *quiet]
