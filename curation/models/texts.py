"""What the patterns found in the texts of a study, and what a lead decided about it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.people.models import Study
from curation.models.questions import Question
from curation.text.rule import KINDS


class TextChoice(models.TextChoices):
    """What becomes of a place in a text that may name a person."""

    UNDECIDED = "", "Not decided"
    MASK = "mask", "Mask"
    REMOVE = "remove", "Remove"
    HARMLESS = "harmless", "Harmless"


class TextFinding(models.Model):
    """Something in a question that may name a person, however often it stands there.

    What it says is not kept: `digest` is a keyed hash of it, which only finds it again. Without a question
    it is something that the study's leads declared harmless wherever it stands.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="text_findings")
    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, null=True, blank=True, related_name="text_findings"
    )
    kind = models.CharField(max_length=12, choices=list(KINDS.items()))
    digest = models.CharField(max_length=64)
    choice = models.CharField(max_length=10, choices=TextChoice.choices, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["study", "choice"], name="text_finding_by_choice")]
        constraints = [
            models.UniqueConstraint(fields=["question", "kind", "digest"], name="text_finding_once"),
            models.UniqueConstraint(
                fields=["study", "kind", "digest"],
                condition=models.Q(question=None),
                name="text_harmless_everywhere_once",
            ),
            models.CheckConstraint(
                condition=models.Q(choice="") | models.Q(decided_by__isnull=False, decided_at__isnull=False),
                name="text_finding_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{KINDS[self.kind]} in {self.question}"


class CleanText(models.Model):
    """A text in which the patterns of one version found nothing; `digest` is keyed by that version."""

    digest = models.CharField(max_length=32, primary_key=True)
    version = models.CharField(max_length=16, db_index=True)

    def __str__(self) -> str:
        return self.digest[:12]
