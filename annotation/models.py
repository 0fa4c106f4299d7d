"""Rows of the annotation app: responses, cases, votes, consensus, adjudications."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from annotation.label_studio.models import (
    LabelStudioConnection,
    LabelStudioProject,
    LabelStudioTask,
    LabelStudioUser,
    TakenAnnotation,
)
from annotation.states import CASE_STATES, CaseState
from consilium.inference.models import ModelEndpoint, Reply
from consilium.jobs.summaries import Summary
from consilium.people.models import Study
from consilium.states.tables import StateTable
from consilium.workqueue.models import Round, Submission
from curation.models import Import, Question

__all__ = [
    "Adjudication",
    "AgreementSummary",
    "BlindVote",
    "Case",
    "Choice",
    "Consensus",
    "Dimension",
    "Harm",
    "LabelStudioConnection",
    "LabelStudioProject",
    "LabelStudioTask",
    "LabelStudioUser",
    "ProgressSummary",
    "Response",
    "TakenAnnotation",
    "Vote",
]


class Dimension(models.TextChoices):
    """The six dimensions in the order they are asked; overall is last."""

    ACCURACY = "accuracy", "Accuracy"
    RELEVANCE = "relevance", "Relevance"
    COMPREHENSIVENESS = "comprehensiveness", "Comprehensiveness"
    CREATIVITY = "creativity", "Creativity"
    RESPONSIVENESS = "responsiveness", "Responsiveness"
    OVERALL = "overall", "Overall"


class Choice(models.TextChoices):
    """A vote on one dimension in the frame of the case (A and B as released)."""

    A_CLEARLY = "a_clearly", "A clearly"
    A_SLIGHTLY = "a_slightly", "A slightly"
    B_SLIGHTLY = "b_slightly", "B slightly"
    B_CLEARLY = "b_clearly", "B clearly"
    CANNOT_JUDGE = "cannot_judge", "Cannot judge"


class Harm(models.TextChoices):
    """Which answer could harm a patient, in the frame of the case."""

    NEITHER = "neither", "Neither"
    A = "a", "A"
    B = "b", "B"
    BOTH = "both", "Both"


class Response(models.Model):
    """One model's answer to one question; `text` is normalised once, `original` kept."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="responses")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="responses")
    endpoint = models.ForeignKey(ModelEndpoint, on_delete=models.PROTECT, related_name="responses")
    reply = models.ForeignKey(Reply, on_delete=models.PROTECT, related_name="responses")
    text = models.TextField()
    original = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "endpoint"], name="response_once")]

    def __str__(self) -> str:
        return f"Response {self.pk}"


class Case(models.Model):
    """A question with two answers by two different models. The server decided which one is A."""

    STATES: ClassVar[StateTable] = CASE_STATES

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="cases")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="cases")
    response_a = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="+")
    response_b = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=CaseState.choices, default=CaseState.DRAFT)
    quiet_until = models.DateTimeField(null=True, blank=True)
    excluded_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["study", "state", "id"], name="case_by_state"),
            models.Index(
                fields=["quiet_until"], condition=models.Q(state=CaseState.QUIET), name="case_quiet_until"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["question", "response_a", "response_b"], name="case_pair_once"),
            models.CheckConstraint(
                condition=~models.Q(response_a=models.F("response_b")), name="case_two_different_answers"
            ),
            models.CheckConstraint(condition=models.Q(state__in=CaseState.values), name="case_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="excluded") | ~models.Q(excluded_reason=""),
                name="case_excluded_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Case {self.pk}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this case."""
        return self.study


class VoteQuerySet(models.QuerySet["Vote"]):
    """Reads of votes."""

    def newest(self) -> "VoteQuerySet":
        """The last version of each reader's vote on each case."""
        later = Submission.objects.filter(
            item=models.OuterRef("submission__item"),
            person=models.OuterRef("person"),
            version__gt=models.OuterRef("submission__version"),
        )
        return self.filter(~models.Exists(later))

    def counted(self) -> "VoteQuerySet":
        """The votes that make the majority: the last versions, without surplus."""
        return self.newest().filter(submission__is_surplus=False)


class Vote(models.Model):
    """Typed projection of a comparison submission, in the frame of the case."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="vote")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="votes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="votes")
    shown_first = models.CharField(max_length=1, choices=[("a", "A"), ("b", "B")])
    accuracy = models.CharField(max_length=12, choices=Choice.choices)
    relevance = models.CharField(max_length=12, choices=Choice.choices)
    comprehensiveness = models.CharField(max_length=12, choices=Choice.choices)
    creativity = models.CharField(max_length=12, choices=Choice.choices)
    responsiveness = models.CharField(max_length=12, choices=Choice.choices)
    overall = models.CharField(max_length=12, choices=Choice.choices)
    harm = models.CharField(max_length=8, choices=Harm.choices, default=Harm.NEITHER)
    rationales = models.JSONField(default=dict, blank=True)
    cannot_judge_reasons = models.JSONField(default=dict, blank=True)

    objects = VoteQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Vote on case {self.case_id}"

    def choice(self, dimension: str) -> str:
        """The stored choice of one dimension."""
        return str(getattr(self, Dimension(dimension).value))

    def label(self, dimension: str) -> str | None:
        """The forced "A" or "B" of one dimension; None when the reader could not judge."""
        choice = self.choice(dimension)
        return None if choice == Choice.CANNOT_JUDGE else choice[0].upper()


class Consensus(models.Model):
    """The label of one dimension of one case: majority of the counted votes, or an adjudicator's decision."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="consensus")
    dimension = models.CharField(max_length=20, choices=Dimension.choices)
    label = models.CharField(max_length=1, choices=[("A", "A"), ("B", "B")], blank=True)
    votes_a = models.PositiveSmallIntegerField(default=0)
    votes_b = models.PositiveSmallIntegerField(default=0)
    cannot_judge = models.PositiveSmallIntegerField(default=0)
    is_adjudicated = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "consensus"
        constraints = [models.UniqueConstraint(fields=["case", "dimension"], name="consensus_once")]

    def __str__(self) -> str:
        return f"{self.dimension} of case {self.case_id}: {self.label or 'none'}"


class BlindVote(models.Model):
    """An adjudicator's vote before the readers' votes were shown; append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="blind_votes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    choices = models.JSONField(help_text="Dimension to choice, in the frame of the case.")
    reasons = models.JSONField(default=dict, blank=True, help_text="Why a dimension could not be judged.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="blind_vote_once")]

    def __str__(self) -> str:
        return f"Blind vote on case {self.case_id}"


class Adjudication(models.Model):
    """Typed projection of an adjudicator's submission: the blind first vote and the final choice."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="adjudication")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="adjudications")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    shown_first = models.CharField(max_length=1, choices=[("a", "A"), ("b", "B")])
    blind = models.JSONField(help_text="Dimension to choice before the readers' votes were shown.")
    final = models.JSONField(help_text="Dimension to choice that became the label.")
    comment = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"Adjudication of case {self.case_id}"


class ExternalLabel(models.Model):
    """A labelled pair that another team published: its answers and its consensus without votes; append-only.

    It is never mixed with what was voted here: it is no Case, nobody is asked about it, and only a release of
    its own holds it.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="external_labels")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="external_labels")
    batch = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="external_labels")
    external_id = models.CharField(max_length=120)
    answer_a = models.TextField()
    answer_b = models.TextField()
    label = models.JSONField(help_text="Each dimension: A or B.")
    dataset = models.CharField(max_length=120, blank=True)
    image_name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "external_id"], name="external_label_once"),
        ]

    def __str__(self) -> str:
        return f"External label {self.external_id}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this label."""
        return self.study


class AgreementSummary(Summary):
    """The figures of the agreement page for one choice of cases; derived, so that it may go at any time."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    organ_system = models.CharField(max_length=40, blank=True, help_text="Empty: all.")
    with_excluded = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "agreement summaries"
        constraints = [
            models.UniqueConstraint(
                fields=["study", "organ_system", "with_excluded"], name="agreement_summary_once"
            )
        ]

    def __str__(self) -> str:
        return f"Agreement of study {self.study_id}"


class ProgressSummary(Summary):
    """The counts of how far a study is; derived, so that it may go at any time."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name_plural = "progress summaries"

    def __str__(self) -> str:
        return f"Progress of study {self.study_id}"
