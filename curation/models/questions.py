"""Questions: image(s), text, options and gold answer."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.people.models import Specialty, Study
from consilium.prepared import Prepared
from consilium.states.tables import StateTable
from curation.models.images import Cluster, Image, Source, Use
from curation.states import QUESTION_STATES, QuestionState


class QuestionQuerySet(models.QuerySet["Question"]):
    """Reads of questions."""

    def for_use(self, study: Study, use: Use | str) -> "QuestionQuerySet":
        """Questions of the study whose cluster has this use, dropped ones left out."""
        kept = self.filter(study=study, cluster__use=use).exclude(state=QuestionState.DROPPED)
        return kept.select_related("cluster", "source")

    def ready(self) -> "QuestionQuerySet":
        """Questions that may be drawn for traces or cases."""
        return self.filter(state=QuestionState.READY)


class Question(models.Model):
    """The unit that is imported. Its use (train, dev, test) is its cluster's."""

    STATES: ClassVar[StateTable] = QUESTION_STATES

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="questions")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="questions")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="questions")
    state = models.CharField(max_length=20, choices=QuestionState.choices, default=QuestionState.IMPORTED)
    drop_reason = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=120)
    text = models.TextField()
    options = models.JSONField(
        default=dict, blank=True, help_text="Letter to text, in order; empty when open."
    )
    answer_label = models.CharField(max_length=4, blank=True)
    answer = models.TextField(blank=True)
    reference_trace = models.TextField(blank=True, help_text="A worked solution that came with the question.")
    specialty = models.CharField(max_length=40, choices=Specialty.choices)
    specialty_rule = models.CharField(
        max_length=40, help_text="Id of the rule that fired, or `import`, or `clinician`."
    )
    organ_system = models.CharField(max_length=40, blank=True)
    department = models.CharField(max_length=40, blank=True)
    modality = models.CharField(max_length=40, blank=True)
    body_part = models.CharField(max_length=40, blank=True)
    question_type = models.CharField(max_length=80, blank=True)
    facets = models.JSONField(
        default=dict, blank=True, help_text="What its data set says of it besides: task, split, answer type."
    )
    content_sha256 = models.CharField(max_length=64)
    images = models.ManyToManyField(Image, through="QuestionImage", related_name="questions")
    batch = models.ForeignKey(
        "curation.Import", on_delete=models.PROTECT, null=True, blank=True, related_name="questions"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    dropped_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True, help_text="Its texts were deleted then.")
    purged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["study", "state", "id"], name="question_by_state")]
        constraints = [
            models.UniqueConstraint(fields=["study", "content_sha256"], name="question_content_once"),
            models.UniqueConstraint(fields=["study", "external_id"], name="question_external_id_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=QuestionState.values), name="question_state_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="dropped") | ~models.Q(drop_reason=""),
                name="question_dropped_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Question {self.external_id}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this question."""
        return self.study

    def ordered_images(self) -> list[Image]:
        """The images in the order the question refers to them."""
        if "question_images" in getattr(self, "_prefetched_objects_cache", {}):
            links = sorted(self.question_images.all(), key=lambda link: link.position)
        else:
            links = _IMAGE_LINKS(question=self.pk)
        return [link.image for link in links]


class QuestionImage(models.Model):
    """One image of one question, at its position."""

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="question_images")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="question_images")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["question", "position"], name="question_image_position_once")
        ]

    def __str__(self) -> str:
        return f"{self.question_id}#{self.position}"


_IMAGE_LINKS = Prepared(
    lambda question: (
        QuestionImage.objects.filter(question=question).select_related("image").order_by("position")
    ),
    question=int,
)
