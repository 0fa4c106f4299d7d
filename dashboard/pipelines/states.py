"""The life of a pipeline."""

from django.db import models

from consilium.people.models import Role
from consilium.states.tables import StateTable, arrow


class PipelineState(models.TextChoices):
    """Where a pipeline stands."""

    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


LEAD = Role.LEAD.value
PIPELINE_STATES = StateTable(
    name="pipeline",
    initial=PipelineState.RUNNING,
    states={
        PipelineState.RUNNING: "a step is at work, is paused, or is started at the next look",
        PipelineState.COMPLETED: "every step has succeeded",
        PipelineState.FAILED: "a step failed or could not be started; no further one starts",
        PipelineState.CANCELLED: "a person stopped it and what of it was at work",
    },
    arrows=(
        arrow("running", "completed", "its last step succeeded"),
        arrow("running", "failed", "a step failed or could not be started"),
        arrow("running", "cancelled", "a person cancels it", LEAD),
        arrow("failed", "running", "a person resumes it", LEAD),
        arrow("cancelled", "running", "a person resumes it", LEAD),
    ),
)
