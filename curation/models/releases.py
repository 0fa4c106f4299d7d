"""Releases: immutable, checksummed datasets; and their exports."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.blobs.models import Blob
from consilium.jobs.models import Job
from consilium.jobs.summaries import Summary
from consilium.people.models import Study
from consilium.states.tables import StateTable
from curation.models.imports import Import
from curation.states import RELEASE_STATES, ReleaseState


class ReleaseKind(models.TextChoices):
    """What the rows of a release are."""

    TRACES = "traces", "Trace release"
    PREFERENCES = "preferences", "Preference release"
    QUESTIONS = "questions", "Held-out question release"


class Release(models.Model):
    """One frozen dataset. Training and scoring read it and pin its digest."""

    STATES: ClassVar[StateTable] = RELEASE_STATES

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="releases")
    kind = models.CharField(max_length=20, choices=ReleaseKind.choices)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=20, choices=ReleaseState.choices, default=ReleaseState.FREEZING)
    digest = models.CharField(max_length=64, blank=True, db_index=True)
    row_count = models.PositiveIntegerField(default=0)
    left_out = models.JSONField(default=dict, help_text="Reason to number of rows left out.")
    manifest = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lines = models.ForeignKey(
        Blob,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The manifest's lines; none in a manifest of the first format.",
    )
    derived_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="fixes"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    frozen_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["study", "kind", "name"], name="release_name_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=ReleaseState.values), name="release_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="freezing")
                | (~models.Q(digest="") & models.Q(manifest__isnull=False, frozen_at__isnull=False)),
                name="release_frozen_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this release."""
        return self.study

    @property
    def came_from(self) -> "ReleaseOrigin | None":
        """Where another site froze it; None for one of this site's own."""
        return ReleaseOrigin.objects.filter(release=self).first()


class ReleaseOrigin(models.Model):
    """Where an imported release was frozen, as its manifest says; append-only."""

    release = models.OneToOneField(Release, on_delete=models.PROTECT, related_name="origin")
    batch = models.OneToOneField(Import, on_delete=models.PROTECT, related_name="release_origin")
    study = models.CharField(max_length=60, help_text="Short name of the study there.")
    name = models.CharField(max_length=120, help_text="What the release is called there.")
    frozen_on = models.DateField()
    signatures = models.JSONField(default=list, help_text="Who signed it there, as its manifest says.")

    def __str__(self) -> str:
        return f"{self.name}, study {self.study}"


class FrozenRow(models.Model):
    """One row as canonical JSON; a trigger refuses any change."""

    position = models.PositiveIntegerField()
    row_id = models.CharField(max_length=120)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.row_id


class ReleaseRow(FrozenRow):
    """One row of what the release is made for: a trace, a case or a question."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="rows")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["release", "position"], name="release_row_position_once"),
            models.UniqueConstraint(fields=["release", "row_id"], name="release_row_id_once"),
        ]


class ReleaseSideRow(FrozenRow):
    """One row of what stands behind the release: a vote, a review, a source, a guideline version."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="side_rows")
    table = models.CharField(max_length=20)

    class Meta:
        ordering = ["table", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "table", "position"], name="release_side_row_position_once"
            ),
            models.UniqueConstraint(fields=["release", "table", "row_id"], name="release_side_row_id_once"),
        ]


class ReleaseFile(models.Model):
    """One file of a release (an image): its path inside the release and its content."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="files")
    path = models.CharField(max_length=200)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["release", "path"], name="release_file_path_once")]

    def __str__(self) -> str:
        return self.path


class Export(models.Model):
    """One export of a release to a folder; its state is its job's state."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="exports")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="export")
    layout = models.CharField(max_length=20, default="hub")
    folder = models.CharField(max_length=200, help_text="Name under the exports folder.")
    refused_kind = models.CharField(max_length=12, blank=True, help_text="The rule that the gate refused by.")
    refused_digest = models.CharField(max_length=64, blank=True, help_text="Finds what it refused.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Export of {self.release}"


class FactsSummary(Summary):
    """What the datasheet of one release says; derived, so that it may go at any time."""

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name_plural = "facts summaries"

    def __str__(self) -> str:
        return f"Facts of {self.release_id}"
