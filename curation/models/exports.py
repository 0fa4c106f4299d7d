"""What two leads let through in a release, and links that give an export away for a while."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from curation.models.releases import Export, Release
from curation.text.rule import KINDS, NOT_IDENTIFYING


class LetThrough(models.Model):
    """A place in one release's texts that the gate refuses and two leads let through, each with a reason.

    What stands there is not kept: `digest` is the keyed hash that finds it, in every layout. Nothing that
    identifies somebody by itself can stand in this table.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="let_through")
    kind = models.CharField(max_length=12, choices=list(KINDS.items()))
    digest = models.CharField(max_length=64)
    place = models.CharField(max_length=500, help_text="What the gate said: file, row, field and rule.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_reason = models.CharField(max_length=200)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_reason = models.CharField(max_length=200, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    declined_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    declined_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name_plural = "let through"
        constraints = [
            models.UniqueConstraint(
                fields=["release", "kind", "digest"],
                condition=models.Q(declined_at=None),
                name="let_through_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=NOT_IDENTIFYING), name="let_through_no_identifier"
            ),
            models.CheckConstraint(condition=~models.Q(asked_reason=""), name="let_through_has_reason"),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None, confirmed_at=None, confirmed_reason="")
                | (
                    models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False, declined_at=None)
                    & ~models.Q(confirmed_reason="")
                    & ~models.Q(confirmed_by=models.F("asked_by"))
                ),
                name="let_through_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(declined_by=None, declined_at=None)
                | models.Q(declined_by__isnull=False, declined_at__isnull=False),
                name="let_through_declined_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{KINDS[self.kind]} in {self.release}"

    @property
    def waits(self) -> bool:
        """Whether a second lead has still to decide."""
        return self.confirmed_at is None and self.declined_at is None


class ExportLink(models.Model):
    """An address that gives an export to whoever has it, for a while. Of its secret only a hash is stored."""

    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="links")
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    most_uses = models.PositiveSmallIntegerField(default=20)
    uses = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True, help_text="The last time.")
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(uses__lte=models.F("most_uses")), name="export_link_uses_limited"
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_by=None, revoked_at=None)
                | models.Q(revoked_by__isnull=False, revoked_at__isnull=False),
                name="export_link_revoked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Link to {self.export}"
