"""The life of a job."""

from django.db import models

from consilium.states.tables import StateTable, arrow


class JobState(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


JOB_STATES = StateTable(
    name="job",
    initial=JobState.QUEUED,
    states={
        JobState.QUEUED: "waits for a worker",
        JobState.RUNNING: "a worker holds its lease",
        JobState.SUCCEEDED: "finished; its result is stored",
        JobState.FAILED: "gave up; its cause is stored",
        JobState.CANCELLED: "stopped because a person asked",
    },
    arrows=(
        arrow("queued", "running", "a worker claims it"),
        arrow("running", "queued", "its lease was lost"),
        arrow("running", "succeeded", "it finished"),
        arrow("running", "failed", "it gave up"),
        arrow("running", "cancelled", "it saw the cancel flag"),
        arrow("queued", "cancelled", "a person cancels it", "lead", "operator", "system"),
    ),
)
