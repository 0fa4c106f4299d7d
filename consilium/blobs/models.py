"""Content-addressed files: one row per distinct content."""

from django.db import models
from django.utils import timezone


class Blob(models.Model):
    """A stored content, named by its SHA-256; the file never changes.

    With `purged_at` nobody uses the content any more: its file may be deleted at any moment, and the row says
    that it was here. With `damaged_at` the right bytes are not in the store; `damage` says what was found and
    who uses them (see `scrub`). Bytes that come again clear both.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    purged_at = models.DateTimeField(null=True, blank=True)
    damaged_at = models.DateTimeField(null=True, blank=True, db_index=True)
    damage = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.sha256[:12]
