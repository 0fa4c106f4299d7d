"""Runs a transaction again when PostgreSQL undid it to end a deadlock."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection

TRIES = 4
PAUSE_SECONDS = 0.05
PASSING_FAULTS = frozenset({"40P01", "40001"})  # deadlock, serialisation failure: nothing was written

Made = TypeVar("Made")


def until_written(once: Callable[[], Made]) -> Made:
    """What `once` (one whole transaction) returns; tried up to TRIES times after a passing fault.

    Inside somebody else's transaction it is tried once: only the outermost one can be repeated.
    """
    for attempt in range(1, TRIES):
        try:
            return once()
        except OperationalError as fault:
            passing = getattr(fault.__cause__, "pgcode", None) in PASSING_FAULTS
            if not passing or connection.in_atomic_block:
                raise
        time.sleep(PAUSE_SECONDS * attempt)
    return once()
