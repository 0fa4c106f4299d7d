"""The one queue for everything a person does: items, claims, drafts and append-only submissions."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.people.models import GuidelineVersion, Study
from consilium.states.tables import StateTable
from consilium.workqueue.querysets import SubmissionQuerySet, WorkItemQuerySet
from consilium.workqueue.states import CLAIM_STATES, ClaimState

ACTIVE = (ClaimState.ASSIGNED, ClaimState.CLAIMED)


class Kind(models.TextChoices):
    """What a person is asked to do."""

    SCREEN = "screen", "Screening"
    REVIEW = "review", "Trace review"
    COMPARE = "compare", "Comparison"
    ADJUDICATE = "adjudicate", "Adjudication"


class Round(models.Model):
    """A named batch of items of one kind that a lead opened together."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="rounds")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=120)
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [models.UniqueConstraint(fields=["study", "kind", "name"], name="round_name_once")]

    def __str__(self) -> str:
        return self.name


class WorkItem(models.Model):
    """One thing to do, for up to `capacity` people. The app that owns the object registered the kind."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="work_items")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, blank=True, related_name="items")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    object_id = models.PositiveBigIntegerField(help_text="Primary key of the trace, case or question.")
    capacity = models.PositiveSmallIntegerField(default=1)
    role = models.CharField(max_length=20, help_text="Who may claim it.")
    specialty = models.CharField(max_length=40, blank=True, help_text="Set: only members of this specialty.")
    department = models.CharField(
        max_length=40, blank=True, help_text="Set: only members of this department."
    )
    excluded = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    priority = models.IntegerField(default=0)
    shuffle = models.PositiveIntegerField(default=0, help_text="Seeded order inside one priority.")
    is_open = models.BooleanField(default=True)
    is_full = models.BooleanField(
        default=False, help_text="All seats are taken; written with the item's row locked."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["study", "kind", "-priority", "shuffle", "id"],
                condition=models.Q(is_open=True, is_full=False),
                name="item_queue",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="item_once_per_object"),
            models.CheckConstraint(condition=models.Q(capacity__gte=1), name="item_capacity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class Claim(models.Model):
    """One person's hold on one item.

    `slot` numbers the seats 0..capacity-1; the database lets one holding claim sit on each seat, so the
    capacity holds whatever the processes do. A claim that ended without a counted submission has no slot.
    """

    STATES: ClassVar[StateTable] = CLAIM_STATES

    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="claims")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="claims")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(max_length=20, choices=ClaimState.choices, default=ClaimState.CLAIMED)
    slot = models.PositiveSmallIntegerField(null=True, blank=True)
    shown = models.JSONField(
        default=dict, help_text="What the server decided for this person, e.g. side order."
    )
    reason = models.CharField(max_length=300, blank=True)
    claimed_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    active_seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "person"], name="claim_once_per_person"),
            models.UniqueConstraint(
                fields=["item", "slot"], condition=models.Q(slot__isnull=False), name="claim_one_per_slot"
            ),
            models.UniqueConstraint(
                fields=["study", "person"],
                condition=models.Q(state=ClaimState.CLAIMED),
                name="claim_one_active_per_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=ACTIVE) | models.Q(slot__isnull=False),
                name="claim_active_has_slot",
            ),
            models.CheckConstraint(condition=models.Q(state__in=ClaimState.values), name="claim_state_known"),
        ]
        indexes = [
            models.Index(fields=["state", "expires_at"], name="claim_expiry"),
            models.Index(fields=["person", "state"], name="claim_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} on {self.item} ({self.state})"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this claim."""
        return self.study


class Draft(models.Model):
    """Unfinished work of one person on one item; overwritten by version, gone after submission."""

    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="drafts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    content = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "person"], name="draft_once")]

    def __str__(self) -> str:
        return f"Draft of {self.item} v{self.version}"


class Submission(models.Model):
    """One finished piece of work as the person sent it. Never changed; a revision is a new version."""

    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="submissions")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="submissions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    idempotency_key = models.UUIDField(unique=True)
    version = models.PositiveIntegerField(default=1)
    schema_version = models.PositiveIntegerField(default=1)
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    shown = models.JSONField(default=dict)
    is_surplus = models.BooleanField(default=False)
    active_seconds = models.PositiveIntegerField(default=0)
    guideline = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(default=timezone.now)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "person", "version"], name="submission_version_once"),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="submission_version_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.item_id} v{self.version}"
