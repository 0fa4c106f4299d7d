"""Counts the steps of work that has no trainer: reports them, and stops between two of them when asked to."""

from __future__ import annotations

from training.job.progress import Progress
from training.job.stop_flag import StopFlag, Stopped

_MOST_EVENTS = 200


class StepCount:
    """Steps of which `total` are expected; announces itself, then tells at most every half percent."""

    def __init__(self, progress: Progress, flag: StopFlag, total: int, resumed_from: int = 0) -> None:
        self._progress, self._flag = progress, flag
        self._total, self._step = total, resumed_from
        progress.emit("start", total_steps=total, resumed_from=resumed_from)

    def tick(self) -> None:
        """One more step is done. Raises Stopped."""
        self.check()
        self._step += 1
        if self._step % (1 + self._total // _MOST_EVENTS) == 0 or self._step == self._total:
            self._progress.emit("step", step=self._step, total=self._total)

    def check(self) -> None:
        """Raise Stopped when that was asked for."""
        if self._flag.wanted:
            raise Stopped(self._step)

    def expect(self, more: int) -> None:
        """So many steps are to come, whatever was expected before."""
        self._total = self._step + more
