"""Rows of this room: the site's access token, sealed, and every push."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from consilium.jobs.models import Job
from consilium.people.models import Study


class HubToken(models.Model):
    """A token this site has or had, and what the Hub said of it; `sealed` is empty when it is not kept."""

    mark = models.CharField(max_length=64, unique=True, help_text="A keyed hash: the same token again.")
    last_four = models.CharField(max_length=4)
    sealed = models.TextField(blank=True, help_text="Encrypted; empty when given by the environment or gone.")
    account = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=40, blank=True)
    writes_to = models.JSONField(default=list, help_text="Namespaces it may write to.")
    checked_at = models.DateTimeField(null=True, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    set_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=~models.Q(sealed=""), name="hub_token_kept_once"
            )
        ]

    def __str__(self) -> str:
        return f"Token …{self.last_four}"

    @property
    def may_write(self) -> bool:
        """Whether the Hub said that it may write somewhere."""
        return bool(self.writes_to)


class RepositoryType(models.TextChoices):
    """What a repository of the Hub holds."""

    DATASET = "dataset", "Dataset"
    MODEL = "model", "Model"


class Gate(models.TextChoices):
    """Who gets the files of a repository that everybody sees."""

    NONE = "", "Nobody has to ask"
    AUTO = "auto", "People give their name and agree"
    MANUAL = "manual", "Every person is let in by hand"


class Push(models.Model):
    """One content brought to one repository; its state is its job's, once it has one.

    A public push has no job before a second lead has confirmed it.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="pushes")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, null=True, blank=True, related_name="push")
    content_kind = models.CharField(max_length=20)
    content_id = models.PositiveBigIntegerField()
    name = models.CharField(max_length=200, help_text="What the content is called.")
    digest = models.CharField(max_length=64)
    endpoint = models.CharField(max_length=200)
    repo_id = models.CharField(max_length=200)
    repo_type = models.CharField(max_length=10, choices=RepositoryType.choices)
    is_private = models.BooleanField(default=True)
    gated = models.CharField(max_length=10, choices=Gate.choices, blank=True)
    tag = models.CharField(max_length=80)
    parent = models.CharField(max_length=40, blank=True, help_text="The commit that this push builds on.")
    commit_sha = models.CharField(max_length=40, blank=True, help_text="Read back from the Hub.")
    listing_sha256 = models.CharField(max_length=64, blank=True, help_text="Over the files at the commit.")
    files = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    is_repeat = models.BooleanField(default=False, help_text="The content was there: no new commit was made.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    declined_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    declined_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "pushes"
        indexes = [
            models.Index(fields=["content_kind", "content_id"], name="push_of_content"),
            models.Index(fields=["endpoint", "repo_id"], name="push_to_repository"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_private=True, job__isnull=False)
                | models.Q(is_private=False, job__isnull=True, confirmed_by__isnull=True)
                | models.Q(is_private=False, job__isnull=False, confirmed_by__isnull=False),
                name="push_public_is_confirmed",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | (
                    models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                    & ~models.Q(confirmed_by=models.F("created_by"))
                ),
                name="push_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(declined_by__isnull=True, declined_at__isnull=True)
                | models.Q(declined_by__isnull=False, declined_at__isnull=False, job__isnull=True),
                name="push_declined_never_ran",
            ),
            models.CheckConstraint(
                condition=models.Q(commit_sha="") | ~models.Q(listing_sha256=""),
                name="push_commit_has_listing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} to {self.repo_id}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this push."""
        return self.study

    @property
    def waits_for_second(self) -> bool:
        """Whether a second lead has to confirm it first."""
        return self.job_id is None and self.declined_at is None

    @property
    def state(self) -> str:
        """The word that pages show: its job's state, or where it stands before it has one."""
        if self.job is not None:
            return str(self.job.state)
        return "declined" if self.declined_at else "waiting"

    @property
    def url(self) -> str:
        """Where the repository is seen."""
        folder = "datasets/" if self.repo_type == RepositoryType.DATASET else ""
        return f"{self.endpoint}/{folder}{self.repo_id}"

    @property
    def commit_url(self) -> str:
        """Where the files at the commit are seen; empty before there is one."""
        return f"{self.url}/tree/{self.commit_sha}" if self.commit_sha else ""
