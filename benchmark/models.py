"""Rows of the benchmark app: evaluations of judges and solvers, verdicts and solver results."""

import uuid
from typing import Final

from django.conf import settings as django_settings
from django.db import models
from django.utils import timezone

from consilium.answers.dimensions import DIMENSIONS
from consilium.inference.models import ModelEndpoint, Reply
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.jobs.summaries import Summary
from consilium.people.models import Study
from curation.models import Release

ON_PAUSE: Final = "paused"


class EvaluationKind(models.TextChoices):
    """What is scored."""

    JUDGE = "judge", "Judge"
    SOLVER = "solver", "Solver"


class EvaluationVariant(models.TextChoices):
    """How cases are asked: as the figures are made from, or to see what images and chance do to them."""

    STANDARD = "standard", "Standard"
    IMAGE_BLIND = "image_blind", "Without images"
    REPEAT = "repeat", "Repeat"

    def in_words(self, repeat: int) -> str:
        """What people call it; nothing for the standard one."""
        if self == EvaluationVariant.STANDARD:
            return ""
        return f"{self.label} {repeat}" if repeat else str(self.label)


class Evaluation(models.Model):
    """One model scored on one frozen release; its state is its job's state.

    `repeat` numbers repeats from 1; it is 0 for everything else. A repeat's `settings` hold the number of its
    `cases`.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="evaluations")
    kind = models.CharField(max_length=10, choices=EvaluationKind.choices)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="evaluations")
    release_digest = models.CharField(max_length=64)
    endpoint = models.ForeignKey(ModelEndpoint, on_delete=models.PROTECT, related_name="evaluations")
    open_judge = models.ForeignKey(
        ModelEndpoint,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Decides a solver's open answers against the reference; null: token recall alone.",
    )
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="evaluation")
    prompt_sha256 = models.CharField(max_length=64)
    parser_version = models.CharField(max_length=20)
    batch = models.UUIDField(default=uuid.uuid4, db_index=True, help_text="Those of one launch share it.")
    variant = models.CharField(
        max_length=12, choices=EvaluationVariant.choices, default=EvaluationVariant.STANDARD
    )
    repeat = models.PositiveSmallIntegerField(default=0)
    settings = models.JSONField(default=dict)
    run_card = models.JSONField(default=dict)
    expected_calls = models.PositiveIntegerField(default=0)
    unanswered = models.JSONField(
        default=dict, help_text="Calls of the last try without an answer, by cause."
    )
    paused_at = models.DateTimeField(null=True, blank=True, help_text="Set: stopped, and not given up.")
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(variant="repeat", repeat__gte=1)
                | (~models.Q(variant="repeat") & models.Q(repeat=0)),
                name="evaluation_repeat_is_numbered",
            )
        ]

    def __str__(self) -> str:
        variant = f", {self.variant_label.lower()}" if self.variant_label else ""
        return f"{self.get_kind_display()} {self.endpoint} on {self.release}{variant}"

    @property
    def variant_label(self) -> str:
        """What people call the variant; nothing for the standard one."""
        return EvaluationVariant(self.variant).in_words(self.repeat)

    @property
    def is_paused(self) -> bool:
        """Whether it was stopped to go on later."""
        return self.paused_at is not None and self.job.state == JobState.CANCELLED

    @property
    def state(self) -> str:
        """Its job's state, and `paused`."""
        return ON_PAUSE if self.is_paused else self.job.state

    @property
    def salt(self) -> str:
        """What keeps the replies of a repeat apart from those of every other asking."""
        return f"repeat {self.repeat}" if self.repeat else ""

    @property
    def method(self) -> tuple[str, str]:
        """Prompt and parser: figures made with different ones are not ranked against each other.

        Words and scores are two ways of asking, each with its own newest method.
        """
        return self.prompt_sha256, self.parser_version

    def states(self, dimension: str) -> bool:
        """Whether its judge is asked about this dimension: a model that gives scores about its own alone."""
        return self.endpoint.scored_dimension in ("", dimension)

    @property
    def wants_probabilities(self) -> bool:
        """Whether its verdicts may have probabilities: of scores always, of words when asked for."""
        return self.endpoint.gives_scores or bool(self.settings.get("letter_probabilities"))

    @property
    def states_primary(self) -> bool:
        """Whether its judge is asked about the primary endpoint, the overall dimension."""
        return self.states(DIMENSIONS[-1])


class Verdict(models.Model):
    """One judge's parsed answer for one case in one order."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="verdicts")
    row_id = models.CharField(max_length=120)
    order = models.CharField(max_length=2, choices=[("ab", "A then B"), ("ba", "B then A")])
    reply = models.ForeignKey(
        Reply,
        on_delete=models.PROTECT,
        related_name="verdicts",
        help_text="What was said; of a model that gives scores, that of the answer which stands first.",
    )
    parsed = models.JSONField(
        help_text="Dimension to A, B, tie or null, as printed in this order; one not asked about is absent."
    )
    probabilities = models.JSONField(
        null=True, help_text="Dimension to the probability that the answer printed as A is the better one."
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why dimensions are invalid.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["evaluation", "row_id", "order"], name="verdict_once")]

    def __str__(self) -> str:
        return f"{self.row_id} {self.order}"


class SolverResult(models.Model):
    """One solver's answer to one held-out question: a letter, or a text where the question has no options."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="solver_results")
    row_id = models.CharField(max_length=120)
    reply = models.ForeignKey(Reply, on_delete=models.PROTECT, related_name="solver_results")
    letter = models.CharField(max_length=4, blank=True, help_text="Empty: invalid, which counts as wrong.")
    answer = models.TextField(
        blank=True, help_text="What the reply says to a question without options; empty: nothing."
    )
    is_correct = models.BooleanField()
    recall = models.FloatField(
        null=True, help_text="Open questions: the share of the reference's words that the answer holds."
    )

    judged = models.BooleanField(
        null=True, help_text="Open questions: what the judge decides; null: not asked, or neither said."
    )
    judge_reply = models.ForeignKey(Reply, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["evaluation", "row_id"], name="solver_result_once")]

    def __str__(self) -> str:
        return f"{self.row_id}: {self.letter or self.answer or 'invalid'}"

    @property
    def score(self) -> float:
        """0 or 1, or of an open question's answer the recall."""
        return float(self.is_correct) if self.recall is None else self.recall

    @property
    def judged_in_words(self) -> str:
        """What the judge of open answers decided; empty where it was not asked."""
        if self.judge_reply_id is None:
            return ""
        return {True: "right", False: "wrong", None: "undecided"}[self.judged]

    @property
    def recall_percent(self) -> str:
        """Of an open question's answer how many of the reference's words it holds; empty of any other."""
        return "" if self.recall is None else f"{100 * self.recall:.0f} % of the words"


class LeaderboardSummary(Summary):
    """The lines of one release's leaderboard; derived, so that it may go at any time."""

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name_plural = "leaderboard summaries"

    def __str__(self) -> str:
        return f"Leaderboard of {self.release_id}"


class ReportSummary(Summary):
    """The report of one release's judges; derived, so that it may go at any time."""

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name_plural = "report summaries"

    def __str__(self) -> str:
        return f"Report of {self.release_id}"
