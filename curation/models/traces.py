"""Traces, their steps, and clinicians' reviews of them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.inference.models import ModelEndpoint, Reply
from consilium.people.models import Study
from consilium.states.tables import StateTable
from consilium.workqueue.models import Submission
from curation.models.questions import Question
from curation.states import TRACE_STATES, TraceState


class Trace(models.Model):
    """One model-written reasoning for one question."""

    STATES: ClassVar[StateTable] = TRACE_STATES

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="traces")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="traces")
    endpoint = models.ForeignKey(ModelEndpoint, on_delete=models.PROTECT, related_name="traces")
    reply = models.ForeignKey(Reply, on_delete=models.PROTECT, related_name="traces")
    sample = models.PositiveSmallIntegerField(default=0)
    paradigm = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=20, choices=TraceState.choices, default=TraceState.GENERATED)
    text = models.TextField(help_text="Whole reply with thinking rejoined.")
    answer_label = models.CharField(max_length=4, blank=True)
    checks = models.JSONField(default=list, help_text="Outcome of each automatic check.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["study", "state", "id"], name="trace_by_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["question", "endpoint", "paradigm", "sample"], name="trace_sample_once"
            ),
            models.CheckConstraint(condition=models.Q(state__in=TraceState.values), name="trace_state_known"),
        ]

    def __str__(self) -> str:
        return f"Trace {self.pk}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this trace."""
        return self.study


class StepStatus(models.TextChoices):
    """A clinician's decision on one step."""

    PENDING = "pending", "Undecided"
    ACCEPTED = "accepted", "Accepted"
    EDITED = "edited", "Edited"
    REJECTED = "rejected", "Rejected"


class TraceStep(models.Model):
    """One step of a trace; its id stays the same across edits. `text` is what a release gets."""

    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    original = models.TextField()
    text = models.TextField()
    status = models.CharField(max_length=10, choices=StepStatus.choices, default=StepStatus.PENDING)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["trace", "position"], name="step_position_once")]

    def __str__(self) -> str:
        return f"Step {self.position + 1}"


class TraceReview(models.Model):
    """Typed projection of a review submission."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="trace_review")
    trace = models.ForeignKey(Trace, on_delete=models.PROTECT, related_name="reviews")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(
        max_length=10, choices=[(s.value, s.label) for s in StepStatus if s != "pending"]
    )
    steps = models.JSONField(help_text="Per step: {id, status, text, reason}.")
    comment = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"Review of trace {self.trace_id}: {self.decision}"
