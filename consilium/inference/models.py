"""Models that answer over the OpenAI chat protocol, and every raw reply they gave."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from consilium.people.models import Study


class EndpointQuerySet(models.QuerySet["ModelEndpoint"]):
    """Reads of endpoints."""

    def for_study(self, study: Study) -> "EndpointQuerySet":
        """The endpoints this study may ask: its own, those of the whole site, and those shared with it."""
        shared = EndpointShare.objects.filter(study=study).values("endpoint")
        return self.filter(models.Q(study=study) | models.Q(study=None) | models.Q(pk__in=shared))

    def in_use(self) -> "EndpointQuerySet":
        """Without those that were put aside."""
        return self.filter(is_active=True)

    def that_write(self) -> "EndpointQuerySet":
        """Those that answer in words; the others give scores."""
        return self.filter(scored_dimension="")

    def with_reply_counts(self, study: Study | None = None) -> "EndpointQuerySet":
        """Each with `reply_count`, the number of stored replies: all of them, or those this study may use."""
        mine = Reply.objects.all() if study is None else Reply.objects.of_study(study)
        replies = mine.filter(endpoint=models.OuterRef("pk")).order_by().values("endpoint")
        # Counted one by one, along the index: a join would go through every reply with its model's columns.
        counts = models.Subquery(replies.annotate(number=models.Count("pk")).values("number"))
        return self.annotate(reply_count=Coalesce(counts, 0))


class ModelEndpoint(models.Model):
    """A model that can be asked: a remote URL from the allow-list, or a checkpoint that a worker serves."""

    name = models.CharField(max_length=120, unique=True)
    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, null=True, blank=True, related_name="endpoints"
    )
    base_url = models.URLField(blank=True, help_text="Remote: the OpenAI-compatible base, ending in /v1.")
    model_id = models.CharField(
        max_length=200, blank=True, help_text="Remote: the model name the server knows."
    )
    path = models.CharField(max_length=300, blank=True, help_text="Local: folder under the models folder.")
    family = models.CharField(max_length=80, help_text="Models of one family are compared with care.")
    revision = models.CharField(max_length=80, blank=True)
    is_hosted = models.BooleanField(default=False, help_text="Data leaves this site when it is asked.")
    retention = models.CharField(max_length=120, blank=True)
    outputs_may_train = models.BooleanField(default=True)
    provenance = models.JSONField(
        default=dict, blank=True, help_text="Digests of the releases it was trained on."
    )
    entry_key = models.CharField(
        max_length=60, blank=True, help_text="The model of the registry that it serves."
    )
    scored_dimension = models.CharField(
        max_length=40, blank=True, help_text="Of what it gives scores; empty: it answers in words."
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=(models.Q(base_url="") & ~models.Q(path=""))
                | (~models.Q(base_url="") & models.Q(path="")),
                name="endpoint_is_remote_or_local",
            ),
            models.CheckConstraint(
                condition=models.Q(scored_dimension="") | models.Q(base_url=""),
                name="endpoint_of_scores_is_local",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_local(self) -> bool:
        """Whether a worker serves it from a folder."""
        return bool(self.path)

    @property
    def gives_scores(self) -> bool:
        """Whether it gives numbers instead of words."""
        return bool(self.scored_dimension)


class EntryChange(models.Model):
    """What operators say of a model of the registry, field by field, instead of the program's own file."""

    key = models.CharField(max_length=60, unique=True)
    facts = models.JSONField(default=dict, help_text="Field to text; other fields follow the file.")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.key


class EndpointShare(models.Model):
    """An operator lets a study ask, and train from, a model of another study."""

    endpoint = models.ForeignKey(ModelEndpoint, on_delete=models.PROTECT, related_name="shares")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="shared_endpoints")
    shared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    shared_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "study"], name="endpoint_shared_once")]

    def __str__(self) -> str:
        return f"{self.endpoint} for {self.study}"


class ReplyQuerySet(models.QuerySet["Reply"]):
    """Reads of replies."""

    def of_study(self, study: Study | int | None) -> "ReplyQuerySet":
        """Those that this study may use again: what it asked itself; of its own models also older ones.

        Two studies that ask one model the same do not learn of each other.
        """
        own = models.Q(study=study)
        if study is not None:
            own |= models.Q(study=None, endpoint__study=study)
        return self.filter(own)


class Reply(models.Model):
    """One raw reply. Failures and timeouts are never stored here, so they are never cached."""

    endpoint = models.ForeignKey(ModelEndpoint, on_delete=models.PROTECT, related_name="replies")
    study = models.ForeignKey(
        Study,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Whose question it was; unknown for replies of earlier versions.",
    )
    request_sha256 = models.CharField(max_length=64)
    text = models.TextField()
    reasoning = models.TextField(
        blank=True, help_text="Thinking that the server returned in a separate field."
    )
    finish_reason = models.CharField(max_length=40, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    latency_ms = models.PositiveIntegerField(default=0)
    letters = models.JSONField(
        null=True, help_text="How probable A and B were where the text has one of them; null: not told."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ReplyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "replies"
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "request_sha256", "study"],
                name="reply_once_per_request",
            ),
            models.UniqueConstraint(
                fields=["endpoint", "request_sha256"],
                condition=models.Q(study=None),
                name="reply_once_without_study",
            ),
        ]

    def __str__(self) -> str:
        return f"Reply of {self.endpoint_id}"
