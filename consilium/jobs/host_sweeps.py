"""What every worker clears on its own host's disk at its start and every hour, not only one of them."""

import time
from collections.abc import Callable
from typing import Final

import structlog

from consilium.logs import place_of

log = structlog.get_logger(__name__)
EVERY_SECONDS: Final = 3600.0
HostSweep = Callable[[], None]
_sweeps: list[HostSweep] = []
_again_at = [0.0]


def register_host_sweep(sweep: HostSweep) -> None:
    """Have `sweep()` called on every host that runs a worker; short, and harmless when done again."""
    if sweep not in _sweeps:
        _sweeps.append(sweep)


def sweep_host() -> None:
    """Call them when an hour has passed; one that fails does not keep the others from it."""
    if time.monotonic() < _again_at[0]:
        return
    _again_at[0] = time.monotonic() + EVERY_SECONDS
    for sweep in _sweeps:
        try:
            sweep()
        except Exception as problem:
            log.error("host_sweep.failed", sweep=sweep.__name__, cause=place_of(problem))
