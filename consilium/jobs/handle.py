"""What a handler sees of its job: parameters, progress, and the duty to stop when told."""

import threading
import time
from typing import Any

from consilium.jobs.lease import Lease
from consilium.jobs.models import Job
from consilium.refusals import Refused

CHECK_SECONDS = 1.0
PROGRESS_SECONDS = 0.25
NOTE_LENGTH = 200

stopping = threading.Event()


class LeaseLost(Exception):
    """Another worker may have this job: stop without writing anything more."""


class WorkerStopping(LeaseLost):
    """This worker shuts down: the job goes back to the queue and continues elsewhere."""


class Cancelled(Exception):
    """A person asked to stop this job."""


class JobFailed(Refused):
    """The job cannot succeed, however often it is tried. The text is for people."""


class JobPostponed(Exception):
    """The job has to wait: it goes back to the queue, and this try does not count.

    `why` is for people, when the wait is for something they can change.
    """

    def __init__(self, seconds: float, why: str = "") -> None:
        self.seconds, self.why = seconds, why
        super().__init__(f"again in {seconds:g} s")


class JobHandle:
    """Passed to a handler; let LeaseLost and Cancelled pass through it."""

    def __init__(self, job: Job, lease: Lease) -> None:
        self.job = job
        self._lease = lease
        self._checked_at = self._stored_at = time.monotonic()
        self._unstored: dict[str, Any] = {}

    @property
    def params(self) -> dict[str, Any]:
        """The parameters the job was made with."""
        params: dict[str, Any] = self.job.params
        return params

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Tell how far the job is (`note` is for people); stored at most four times a second.

        Raises LeaseLost or Cancelled.
        """
        self._unstored = {
            "progress_done": max(0, done),
            "progress_total": max(0, total),
            "progress_note": note[:NOTE_LENGTH],
        }
        waited = time.monotonic() - self._stored_at
        if waited >= PROGRESS_SECONDS or done >= total or done == 0:
            self.fence()
        self._raise_if_told()

    def check(self) -> None:
        """Raise Cancelled or LeaseLost if so; asks the database at most once a second."""
        if time.monotonic() - self._checked_at >= CHECK_SECONDS:
            self.fence()
        self._raise_if_told()

    def fence(self) -> None:
        """Make sure this worker still holds the job; inside a transaction no other worker can take it
        until the commit. Raises LeaseLost or Cancelled.
        """
        fields, self._unstored = self._unstored, {}
        self._lease.renew(**fields)
        self._checked_at = self._stored_at = time.monotonic()
        self._raise_if_told()

    def unstored(self) -> dict[str, Any]:
        """Progress that the final UPDATE has to carry."""
        return self._unstored

    def _raise_if_told(self) -> None:
        if self._lease.lost.is_set():
            raise LeaseLost(f"Job {self.job.pk} has another holder.")
        if self._lease.cancelled.is_set():
            raise Cancelled(f"Job {self.job.pk} was cancelled.")
        if stopping.is_set():
            raise WorkerStopping("This worker is shutting down.")
