"""Keeps room on the disks that training writes to, before a run starts and while it goes on.

A run that finds too little stops with a checkpoint and waits, because votes need that room more. It goes on
by itself.
"""

import shutil
import time
from typing import Final

from django.conf import settings

from consilium.disk_space import SHORT_SHARE, DiskSpace, disk_space
from consilium.jobs.handle import JobPostponed

LOOK_SECONDS: Final = 10.0
WAIT_SECONDS: Final = 60.0


class DiskGuard:
    """Looks at the disks of models and data, at most every ten seconds."""

    def __init__(self) -> None:
        self._looked_at = -LOOK_SECONDS

    def check(self) -> None:
        """Raise JobPostponed, with what to do, where one of the disks is nearly full."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        for what, space in (("models", _space_of_models()), ("data", disk_space())):
            if space.is_short:
                raise JobPostponed(
                    WAIT_SECONDS,
                    f"The disk of the {what} folder is nearly full: {space} is free, and training stops at "
                    f"{SHORT_SHARE:.0%}. Ask the operator to free space; it then goes on from its newest "
                    "checkpoint by itself.",
                )


def _space_of_models() -> DiskSpace:
    found = shutil.disk_usage(settings.MODELS_FOLDER)
    return DiskSpace(found.free, found.total)
