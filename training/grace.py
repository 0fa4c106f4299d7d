"""How long a training process that was asked to stop may take: its step, and its checkpoint."""

import time
from collections import deque
from typing import Final

LEAST_SECONDS: Final = 60.0
LOOKED_AT: Final = 20
# The step that goes on may be longer than those before it, and its checkpoint takes time as well.
STEPS: Final = 2
TOLD: Final = ("start", "step", "checkpoint")


class Grace:
    """Measures by the process's own events how long its steps are and what it takes to save."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._spans: deque[float] = deque(maxlen=LOOKED_AT)

    def note(self, kind: str) -> None:
        """An event of this kind has come."""
        if kind not in TOLD:
            return
        now = time.monotonic()
        if self._last is not None:
            self._spans.append(now - self._last)
        self._last = now

    @property
    def seconds(self) -> float:
        """What is allowed now."""
        return LEAST_SECONDS + STEPS * max(self._spans, default=0.0)
