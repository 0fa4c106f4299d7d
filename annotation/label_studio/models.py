"""Rows of the exchange: where a study's server is, what lies there, who is who, what was taken from it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.people.models import GuidelineVersion, Study
from consilium.workqueue.models import Submission


class TaskKind(models.TextChoices):
    """What a project asks; the values are the kinds of work whose submissions its annotations become."""

    COMPARE = "compare", "Comparisons"
    REVIEW = "review", "Trace reviews"


class LabelStudioConnection(models.Model):
    """The server of one study. The token is kept sealed; people see its last four characters."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="label_studio")
    base_url = models.URLField()
    sealed_token = models.TextField(blank=True, help_text="Encrypted; empty once it was removed.")
    last_four = models.CharField(max_length=4, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.base_url


class LabelStudioProject(models.Model):
    """One project of one kind, with the labelling configuration and the guideline that it was made with.

    `server` is the address, or empty for tasks that leave and come back as files.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="label_studio_projects")
    kind = models.CharField(max_length=20, choices=TaskKind.choices)
    server = models.CharField(max_length=200, blank=True)
    number = models.PositiveIntegerField(null=True, blank=True, help_text="Its number there; none by file.")
    mark = models.CharField(max_length=16, unique=True, help_text="Stands in the title, to find it again.")
    config_sha256 = models.CharField(max_length=64)
    guideline = models.ForeignKey(GuidelineVersion, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    pushed_at = models.DateTimeField(null=True, blank=True)
    pulled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["server", "number"], name="label_studio_project_number_once")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its title there."""
        return f"{self.study.slug} {self.get_kind_display().lower()} {self.mark}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this project."""
        return self.study


class LabelStudioTask(models.Model):
    """One case or trace as it lies there: what its readers are shown, and what exactly was sent."""

    project = models.ForeignKey(LabelStudioProject, on_delete=models.PROTECT, related_name="tasks")
    object_id = models.PositiveBigIntegerField(help_text="Primary key of the case or trace.")
    order_key = models.CharField(max_length=32, unique=True, help_text="Drawn by chance; stands in the task.")
    shown = models.JSONField(
        default=dict, help_text="What we decided for its readers: the order, the gold answer."
    )
    data_sha256 = models.CharField(max_length=64, blank=True)
    number = models.PositiveIntegerField(null=True, blank=True, help_text="Its number there, once known.")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Set just before it is sent.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "object_id"], name="label_studio_task_once"),
            models.UniqueConstraint(fields=["project", "number"], name="label_studio_task_number_once"),
        ]

    def __str__(self) -> str:
        return f"Task {self.number or self.order_key[:8]}"


class LabelStudioUser(models.Model):
    """Somebody who annotated there; `person` is the member who, as a lead said, this is."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="label_studio_users")
    server = models.CharField(max_length=200, blank=True)
    number = models.PositiveIntegerField()
    email = models.CharField(max_length=254, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "server", "number"], name="label_studio_user_once"),
            models.UniqueConstraint(fields=["study", "server", "person"], name="label_studio_person_once"),
        ]

    def __str__(self) -> str:
        return self.email or f"User {self.number}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records who this is."""
        return self.study


class TakenAnnotation(models.Model):
    """An annotation that became a submission, as it came; append-only. A changed one becomes another row."""

    task = models.ForeignKey(LabelStudioTask, on_delete=models.PROTECT, related_name="taken")
    number = models.PositiveIntegerField(help_text="Its number there.")
    user = models.ForeignKey(LabelStudioUser, on_delete=models.PROTECT, related_name="taken")
    raw = models.JSONField()
    raw_sha256 = models.CharField(max_length=64)
    result_sha256 = models.CharField(max_length=64, help_text="Of what was decided and by whom alone.")
    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="taken_annotation")
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["task", "number"], name="taken_annotation_number")]

    def __str__(self) -> str:
        return f"Annotation {self.number} of {self.task_id}"
