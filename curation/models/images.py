"""Sources, clusters with their permanent use, and images."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.people.models import Study
from consilium.states.tables import StateTable
from curation.states import IMAGE_STATES, ImageState


class Use(models.TextChoices):
    """What a cluster may ever be used for (METHOD.md section 1)."""

    TRAIN = "train", "Training"
    DEV = "dev", "Development"
    TEST = "test", "Test"


class Source(models.Model):
    """Where data comes from and what its permission covers (METHOD.md section 6b)."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="sources")
    name = models.CharField(max_length=120)
    licence = models.CharField(max_length=120)
    citation = models.TextField(blank=True)
    ethics_reference = models.CharField(max_length=200, blank=True)
    may_send_to_hosted = models.BooleanField(default=False)
    may_train = models.BooleanField(default=False)
    may_redistribute = models.BooleanField(default=False)
    commercial_use = models.BooleanField(default=False)
    is_synthetic = models.BooleanField(default=False, help_text="Made by a program; no pixel review needed.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "name"], name="source_name_once")]

    def __str__(self) -> str:
        return self.name


class Cluster(models.Model):
    """Everything of one patient or one identical image: the unit of splitting and resampling.

    `use` is drawn once (seeded) when the first image arrives and never changes: a trigger refuses it.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="clusters")
    group_key = models.CharField(max_length=64, help_text="Keyed hash of the patient, or of the pixels.")
    use = models.CharField(max_length=8, choices=Use.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "group_key"], name="cluster_once"),
            models.CheckConstraint(condition=models.Q(use__in=Use.values), name="cluster_use_known"),
        ]

    def __str__(self) -> str:
        return f"{self.group_key[:8]} ({self.use})"


class ClusterKey(models.Model):
    """What else ties an image to a cluster: a patient's keyed hash, or a picture's perceptual hash."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="keys")
    key = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "key"], name="cluster_key_once")]

    def __str__(self) -> str:
        return self.key[:8]


class Image(models.Model):
    """One rebuilt image: what the viewer, the models and the exports get. The upload is never served."""

    STATES: ClassVar[StateTable] = IMAGE_STATES

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="images")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="images")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="images")
    state = models.CharField(max_length=20, choices=ImageState.choices, default=ImageState.UPLOADED)
    pixel_sha256 = models.CharField(max_length=64)
    source_sha256 = models.CharField(max_length=64)
    perceptual_hash = models.CharField(max_length=16, blank=True)
    kind = models.CharField(max_length=8, choices=[("grey", "Grey"), ("colour", "Colour")])
    modality = models.CharField(max_length=16, blank=True)
    body_part = models.CharField(max_length=40, blank=True)
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    frames = models.PositiveIntegerField(default=1)
    facts = models.JSONField(default=dict, help_text="Window, spacing, decoder: from the allow-list only.")
    frame_blobs = models.JSONField(default=list, help_text="SHA-256 of each frame the viewer loads.")
    model_blobs = models.JSONField(default=list, help_text="SHA-256 of each PNG that models and exports get.")
    thumbnail_blob = models.CharField(max_length=64, blank=True)
    fingerprints = models.JSONField(
        default=list, help_text="Keyed hashes of identifiers in the source header."
    )
    file_name_hash = models.CharField(max_length=64, blank=True)
    batch = models.ForeignKey(
        "curation.Import", on_delete=models.PROTECT, null=True, blank=True, related_name="images"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    refused_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=300, blank=True, help_text="Why it was refused or withdrawn.")
    purged_at = models.DateTimeField(null=True, blank=True)
    purged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    purge_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["study", "state", "id"], name="image_by_state")]
        constraints = [
            models.UniqueConstraint(fields=["study", "pixel_sha256"], name="image_pixels_once"),
            models.CheckConstraint(condition=models.Q(state__in=ImageState.values), name="image_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="purged") | models.Q(purged_at__isnull=False),
                name="image_purged_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Image {self.pk}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this image."""
        return self.study

    @property
    def is_out(self) -> bool:
        """Whether it was refused or withdrawn: nobody sees it, and its pixels are deleted or soon will be."""
        return self.state in (ImageState.REFUSED, ImageState.PURGED)

    @property
    def blobs(self) -> list[str]:
        """Digests of every file of the image; of a purged one those that were."""
        return [*self.frame_blobs, *self.model_blobs, *filter(None, [self.thumbnail_blob])]

    @property
    def purge_due_at(self) -> datetime | None:
        """When its pixels are deleted, unless a lead does it before."""
        return self.refused_at + timedelta(days=settings.PURGE_DAYS) if self.refused_at else None


class PixelReview(models.Model):
    """One person's signature under the pixels of one image; append-only."""

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="pixel_reviews")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    pixel_sha256 = models.CharField(max_length=64)
    is_clean = models.BooleanField()
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Pixel review of image {self.image_id}"


class ImageView(models.Model):
    """One person was shown the pictures of one image on one day (UTC); append-only."""

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "person", "day"], name="image_view_once_a_day")
        ]

    def __str__(self) -> str:
        return f"Image {self.image_id} shown on {self.day}"
