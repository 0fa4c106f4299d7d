"""Keeps account of every time that a run's training process is started."""

from django.db import transaction
from django.utils import timezone

from consilium.hardware import this_hardware
from consilium.version import app_version, code_commit
from training.meter import Meter
from training.models import AttemptEnd, Run, RunAttempt


class OpenAttempt:
    """The attempt that goes on now. Its row is this worker's alone, so it needs no fence: the run's folder is
    locked while the process lives.
    """

    def __init__(self, run: Run, pid: int) -> None:
        self._meter = Meter(pid)
        self._row = _begin(run)

    def note(self, event: dict[str, object] | None = None) -> None:
        """What the process said, or nothing; its figures are read again from time to time."""
        step = event.get("step") if event else None
        if event and event.get("event") == "step" and isinstance(step, int):
            self._row.first_step = self._row.first_step or step
            self._row.last_step = step
        if self._meter.read():
            self._store()

    def close(self, end: AttemptEnd) -> None:
        """Store how it ended."""
        self._row.end = end
        self._store()

    def _store(self) -> None:
        row = self._row
        row.heard_at = timezone.now()
        row.memory_bytes, row.gpu_bytes = self._meter.memory_bytes, self._meter.gpu_bytes
        row.joules = self._meter.joules
        row.save()


@transaction.atomic
def _begin(run: Run) -> RunAttempt:
    """A new row; one whose worker could not say how it ended is closed with what was heard of it."""
    RunAttempt.objects.filter(run=run, end="").update(end=AttemptEnd.LOST)
    return RunAttempt.objects.create(
        run=run,
        number=RunAttempt.objects.filter(run=run).count() + 1,
        worker=run.job.worker,
        hardware=this_hardware(),
        software={"version": app_version(), "commit": code_commit()},
    )
