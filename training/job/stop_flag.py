"""Stopping on request: SIGTERM asks for a checkpoint and an end; the kernel sends it when the parent dies."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1


class Stopped(Exception):
    """The run stopped at `step` after saving."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped at step {step}")
        self.step = step


class StopFlag:
    """Set by SIGTERM, read between steps."""

    def __init__(self) -> None:
        self.wanted = False

    def install(self) -> None:
        """Handle SIGTERM and, on Linux, ask for it at the parent's death."""
        parent = os.getppid()
        signal.signal(signal.SIGTERM, self._set)
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            # The parent may have died before the request was in place; then nobody will tell us.
            self.wanted = self.wanted or os.getppid() != parent

    def _set(self, _number: int, _frame: FrameType | None) -> None:
        self.wanted = True
