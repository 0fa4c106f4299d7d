"""Background work of this app."""

from consilium.jobs.registry import JobKind, register
from training.run_job import follow_run


def register_jobs() -> None:
    """Make the app's job kinds known."""
    register(JobKind("training.run", "Training", follow_run, queue="gpu", max_attempts=5))
