"""The one queue for everything a person does: items, claims, drafts and append-only submissions."""

import uuid
from collections.abc import Collection
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from consilium.people.models import GuidelineVersion, Membership, Person, Study
from consilium.states.tables import StateTable
from consilium.workqueue.states import CLAIM_STATES, ClaimState

ACTIVE = (ClaimState.ASSIGNED, ClaimState.CLAIMED)


class Kind(models.TextChoices):
    """What a person is asked to do."""

    SCREEN = "screen", "Screening"
    REVIEW = "review", "Trace review"
    COMPARE = "compare", "Comparison"
    ADJUDICATE = "adjudicate", "Adjudication"


COMES_BACK = (ClaimState.POSTPONED, ClaimState.EXPIRED)


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    """Reads of work items."""

    def with_free_slot(self) -> "WorkItemQuerySet":
        """Open items with a free slot; the index item_queue holds exactly these."""
        return self.filter(is_open=True, is_full=False)

    def eligible_for(self, membership: "Membership") -> "WorkItemQuerySet":
        """Items of the member's role, specialty and departments that do not exclude the person."""
        return self.eligible(
            study_id=membership.study_id,
            person_id=membership.person_id,
            role=membership.role,
            specialty=membership.specialty,
            departments=membership.departments,
        )

    def eligible(
        self, *, study_id: int, person_id: int, role: str, specialty: str, departments: list[str]
    ) -> "WorkItemQuerySet":
        """The same, from the parts of a membership."""
        excluded = self.model.excluded.through._default_manager
        return self.filter(
            ~Exists(excluded.filter(workitem_id=OuterRef("pk"), person_id=person_id)),
            study_id=study_id,
            role=role,
            specialty__in=["", specialty],
            department__in=["", *departments],
        )

    def fresh_for(self, person: "Person | int") -> "WorkItemQuerySet":
        """Items the person never held."""
        return self.filter(~Exists(_claims_of(person)))

    def waiting_for(self, person: "Person | int") -> "WorkItemQuerySet":
        """Items the person may take now: never held, put off, or lost by expiry."""
        return self.filter(~Exists(_claims_of(person).exclude(state__in=COMES_BACK)))

    def returning_to(self, person: "Person", item_ids: Collection[int]) -> "WorkItemQuerySet":
        """Those of the named items, all of which the person held before, longest waiting first."""
        since = _claims(person).filter(item=OuterRef("pk")).values("heartbeat_at")
        return self.filter(pk__in=item_ids).order_by(Subquery(since), "pk")

    def in_queue_order(self) -> "WorkItemQuerySet":
        """Highest priority first, then the seeded shuffle."""
        return self.order_by("-priority", "shuffle", "pk")


def _claims_of(person: "Person | int") -> "models.QuerySet[Claim]":
    return _claims(person).filter(item=OuterRef("pk"))


def _claims(person: "Person | int") -> "models.QuerySet[Claim]":
    return Claim.objects.filter(person=person)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Reads of submissions."""

    def current(self) -> "SubmissionQuerySet":
        """The newest version of each person's work on each item."""
        newer: Any = self.model._default_manager.filter(
            item=OuterRef("item"), person=OuterRef("person"), version__gt=OuterRef("version")
        )
        return self.filter(~Exists(newer))

    def counted(self) -> "SubmissionQuerySet":
        """Current versions that sit on a slot: what a majority is made of."""
        return self.current().filter(is_surplus=False)

    def surplus(self) -> "SubmissionQuerySet":
        """Current versions that came too late for a slot: paid and used in agreement only."""
        return self.current().filter(Q(is_surplus=True))


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

    `slot` numbers the slots 0..capacity-1; the database lets one holding claim sit on each slot, so the
    capacity holds whatever the processes do. A claim that ended without a counted submission has no slot.
    """

    STATES: ClassVar[StateTable] = CLAIM_STATES
    # Made by this very request: nobody can have stored anything of it yet.
    is_new = False

    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="claims")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="claims")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(max_length=20, choices=ClaimState.choices, default=ClaimState.CLAIMED)
    slot = models.PositiveSmallIntegerField(null=True, blank=True)
    shown = models.JSONField(
        default=dict, help_text="What the server decided for this person, e.g. side order."
    )
    guideline = models.ForeignKey(
        GuidelineVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="In force when it was opened.",
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
            # Of a person's thousands of submitted claims a screen asks for the newest: read from the end.
            models.Index(fields=["person", "study", "state", "heartbeat_at"], name="claim_of_person"),
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
        indexes = [
            models.Index(fields=["study", "submitted_at"], name="submission_of_day"),
            # With kind and version, so that a person's own figures are counted in the index alone.
            models.Index(
                fields=["person", "study", "submitted_at", "kind", "version"], name="submission_of_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.item_id} v{self.version}"
