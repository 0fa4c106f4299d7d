"""Races on a real database: a module that runs one reports JSON, and its acts run in threads at once."""

import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.harness.forked import run_python

PATIENCE = 600


def raced(module: str, home: Path, *, database: str = "", **settings: str) -> Any:
    """Run a race in a process and give its report; `settings` are more environment variables for it."""
    environment = {**os.environ, "CONSILIUM_HOME": str(home), "DATABASE_URL": database, **settings}
    ran = run_python(["-m", module], env=environment, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def at_once(acts: Sequence[Callable[[], None]]) -> list[str]:
    """Run all acts at the same time, each on a connection of its own; what they raised."""
    failures: list[str] = []
    threads = [threading.Thread(target=_tried, args=(failures, act)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def _tried(failures: list[str], act: Callable[[], None]) -> None:
    from django.db import connection

    try:
        act()
    except Exception as error:
        failures.append(f"{threading.current_thread().name}: {error!r}")
    finally:
        connection.close()
