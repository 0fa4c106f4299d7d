"""Background work: the row is the truth, the broker only a doorbell."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.jobs.registry import known
from consilium.jobs.states import JOB_STATES, JobState
from consilium.people.models import Study
from consilium.states.tables import StateTable

PATIENCE = timedelta(minutes=2)


class Job(models.Model):
    """One piece of background work, claimed by one worker at a time under a lease."""

    STATES: ClassVar[StateTable] = JOB_STATES

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    queue = models.CharField(max_length=20, default="default")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=JobState.choices, default=JobState.QUEUED)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    claim_token = models.UUIDField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    nudged_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="Set: wait until then before a retry.")
    attempt = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    cancel_requested = models.BooleanField(default=False)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(default=0)
    progress_note = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True, help_text="For people: no patient data, secrets or paths.")
    error_detail = models.TextField(blank=True, help_text="For the log: the exception's type and place.")
    result = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["state", "queue", "created_at"], name="job_waiting")]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="running")
                | models.Q(claim_token__isnull=False, lease_until__isnull=False, started_at__isnull=False),
                name="job_running_has_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def owning_study(self) -> Study | None:
        """The study whose audit chain records this job."""
        return self.study

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in JOB_STATES.terminal

    @property
    def label(self) -> str:
        """What people call this kind of work."""
        kind = known().get(self.kind)
        return kind.label if kind else self.kind

    @property
    def waits_too_long(self) -> bool:
        """Whether a page should say that no worker takes this job."""
        waited = timezone.now() - self.created_at
        unheard = self.state == JobState.QUEUED and self.attempt == 0 and not self.postponed_because
        return unheard and waited > PATIENCE

    @property
    def postponed_because(self) -> str:
        """Why a job was put off that waits for something people can change."""
        return self.error if self.state == JobState.QUEUED and self.attempt == 0 else ""

    @property
    def waiting_note(self) -> str:
        """What a job without progress is doing."""
        if self.state == JobState.RUNNING:
            return "Started"
        return "Waits for its next try" if self.attempt else "Waits for a worker"

    @property
    def percent(self) -> int:
        """Progress in whole percent; 0 while the total is unknown."""
        return min(100, 100 * self.progress_done // self.progress_total) if self.progress_total else 0


class WatchedFigure(models.Model):
    """One figure about background work, right over several hosts and restarts: losses, damage found."""

    name = models.CharField(max_length=60, primary_key=True)
    figure = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.name}: {self.figure}"


class SweeperLease(models.Model):
    """One row that lets one worker at a time run the sweeper."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=120, blank=True)
    until = models.DateTimeField(default=timezone.now)
    last_daily = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
