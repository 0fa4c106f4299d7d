"""One import of files: its job, its progress and its report."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.jobs.models import Job
from consilium.people.models import Study
from curation.models.images import Source


class Import(models.Model):
    """A batch of uploaded files. Its state is its job's state; the report tells each refused item.

    Names of files may be names of patients: they are kept until a lead has seen them, or for a few days.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="imports")
    source = models.ForeignKey(
        Source,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="imports",
        help_text="None: what came brought its own.",
    )
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="import_batch")
    origin = models.CharField(
        max_length=200, blank=True, help_text="The Hub's dataset that was fetched; empty for an upload."
    )
    revision = models.CharField(max_length=40, blank=True, help_text="Its commit.")
    not_fetched = models.PositiveIntegerField(
        default=0, help_text="Files there that no importer reads: they stayed there."
    )
    format = models.CharField(max_length=20, default="auto")
    files = models.JSONField(
        default=list, help_text="Name as uploaded and size of each file; emptied when done."
    )
    accepted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    refused = models.JSONField(
        default=list, help_text="Items: {item: its place, name: a keyed hash of its name, reason}."
    )
    refused_names = models.JSONField(
        default=list, help_text="The same with names, {item, reason}, for the importer; emptied soon."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Import {self.pk}"
