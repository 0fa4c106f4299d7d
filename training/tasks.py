"""Background work of this app."""

from consilium.jobs.registry import JobKind, register
from training.launch import ATTEMPTS, KIND
from training.probe import PROBE, run_probe
from training.run_job import follow_run


def register_jobs() -> None:
    """Make the app's job kinds known."""
    register(JobKind(KIND, "Training", follow_run, queue="gpu", max_attempts=ATTEMPTS))
    register(JobKind(PROBE, "Estimate of a training run", run_probe, queue="gpu", max_attempts=2))
