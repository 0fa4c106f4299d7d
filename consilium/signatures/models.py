"""Sittings, each begun by entering the password again, and what was signed in them."""

from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone

from consilium.people.models import Person, Role, Study
from consilium.people.permissions import SENIORS


class Purpose(models.TextChoices):
    """What a sitting is for; it signs nothing else."""

    PIXELS = "pixels", "Pixel review"
    ADJUDICATION = "adjudication", "Adjudication"
    RELEASE = "release", "Release"


class Meaning(models.TextChoices):
    """The sentence that a person signs. It never changes: other words get another name."""

    PIXELS_CLEAN = "pixels_clean", "I looked at every frame and found nothing that names anybody."
    PIXELS_REFUSED = "pixels_refused", "I looked at this image and refuse it."
    ADJUDICATED = "adjudicated", "I decided this case as its adjudicator."
    RELEASED = "released", "I release this data."
    WITHDRAWN = "withdrawn", "I withdraw this data."

    @property
    def purpose(self) -> Purpose:
        """The kind of sitting in which this is signed."""
        return next(purpose for purpose, meanings in SIGNED_IN.items() if self in meanings)


SIGNED_IN: Final[dict[Purpose, tuple[Meaning, ...]]] = {
    Purpose.PIXELS: (Meaning.PIXELS_CLEAN, Meaning.PIXELS_REFUSED),
    Purpose.ADJUDICATION: (Meaning.ADJUDICATED,),
    Purpose.RELEASE: (Meaning.RELEASED, Meaning.WITHDRAWN),
}
# Who may sit down for what; the use case that signs checks its own rights besides.
MAY_SIT: Final[dict[Purpose, tuple[str, ...]]] = {
    Purpose.PIXELS: SENIORS,
    Purpose.ADJUDICATION: (Role.ADJUDICATOR,),
    Purpose.RELEASE: (Role.LEAD,),
}
# A sitting ends so long after its last signature (or its beginning), and so long after its beginning.
LONGEST_IDLE: Final = timedelta(minutes=30)
LONGEST_SITTING: Final = timedelta(hours=8)
# The password is entered for each of these signatures: their sittings are used once and kept in no session.
SIGNED_ONE_BY_ONE: Final = frozenset({Purpose.RELEASE})

SITTING_FIXED: Final = ("id", "person_id", "study_id", "purpose", "role", "method", "begun_at")
SITTING_CHANGED: Final = " OR ".join(
    ("OLD.ended_at IS NOT NULL", "NEW.ended_at IS NULL", *(f"NEW.{c} <> OLD.{c}" for c in SITTING_FIXED))
)


class Sitting(models.Model):
    """A person who has shown to be that person, and may sign things of one purpose for a while.

    The browser session that began it holds its key; no other session can sign in it.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    role = models.CharField(max_length=20, choices=Role.choices, help_text="The person's, at the beginning.")
    method = models.CharField(max_length=20, help_text="How the person showed who they are: password.")
    begun_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Ended before its time, or used up.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(purpose__in=Purpose.values), name="sitting_purpose_known"
            )
        ]

    def __str__(self) -> str:
        return f"Sitting {self.pk}"


class Signature(models.Model):
    """One signature under the content of one object as it was then; append-only."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="signatures")
    signer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    printed_name = models.CharField(max_length=120, help_text="The signer's name at that time.")
    meaning = models.CharField(max_length=20, choices=Meaning.choices)
    object_type = models.CharField(max_length=80)
    object_id = models.BigIntegerField()
    content_sha256 = models.CharField(max_length=64, help_text="Of the canonical JSON of what was signed.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "object_id", "meaning", "signer", "content_sha256"],
                name="signature_once",
            ),
            models.CheckConstraint(
                condition=models.Q(meaning__in=Meaning.values), name="signature_meaning_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.printed_name}: {self.get_meaning_display()}"
