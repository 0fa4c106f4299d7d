"""The append-only record of who did what: one hash chain per study and one for the system."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

SYSTEM_CHAIN = "system"


class AuditHead(models.Model):
    """The newest link of one chain; locking this row orders the writers of the chain."""

    chain = models.CharField(max_length=80, primary_key=True)
    sequence = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.chain} at {self.sequence}"


class AnchoredEnd(models.Model):
    """Where a chain was last anchored: tells when the next anchor is due. Proof stands in the files alone."""

    chain = models.CharField(max_length=80, primary_key=True)
    sequence = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, default="")
    at = models.DateTimeField()
    has_second_place = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.chain} anchored at {self.sequence}"


class KeyMark(models.Model):
    """Which key the rows of this database derive from: its id, never the key. Append-only."""

    purpose = models.CharField(max_length=20, unique=True)
    key_id = models.CharField(max_length=16)
    noted_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.purpose} key {self.key_id}"


class AuditEvent(models.Model):
    """One act: written in the transaction of the change it describes, never changed afterwards."""

    chain = models.CharField(max_length=80)
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    study = models.ForeignKey("people.Study", on_delete=models.PROTECT, null=True, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=80)
    data = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["chain", "sequence"]
        constraints = [models.UniqueConstraint(fields=["chain", "sequence"], name="audit_sequence_once")]
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.chain}/{self.sequence} {self.action}"

    def content(self) -> dict[str, Any]:
        """The fields that the hash covers, in canonical JSON types."""
        return {
            "chain": self.chain,
            "sequence": self.sequence,
            "at": self.at.isoformat(),
            "study": self.study_id,
            "actor": self.actor_id,
            "action": self.action,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "data": self.data,
            "reason": self.reason,
            "request_id": self.request_id,
        }
