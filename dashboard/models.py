"""Rows of the dashboard: pipelines, which several apps do together, and their steps."""

from typing import ClassVar, Final

from django.conf import settings as django_settings
from django.db import models
from django.utils import timezone

from benchmark.models import Evaluation
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.models import Specialty, Study
from consilium.states.tables import StateTable
from curation.models import Release
from dashboard.pipelines.states import PIPELINE_STATES, PipelineState
from training.models import Run, Stage

WAITING: Final = "not_started"


class PipelineKind(models.TextChoices):
    """What a pipeline is for."""

    WHOLE = "whole", "Experts, GBA, merge, scores"
    COMPARISON = "comparison", "Comparison of recipes"


class Recipe(models.TextChoices):
    """The ways to a model that are compared (METHOD.md section 5), from the base to the whole."""

    BASE = "base", "Base"
    SFT_ALL = "sft_all", "SFT on all"
    GRPO = "grpo", "GRPO from base"
    AVERAGE = "average", "DSA average"
    GBA = "gba", "GBA"
    GBA_LB0 = "gba_lb0", "GBA, lb = 0"
    MERGE = "merge", "Merge"


class StepKind(models.TextChoices):
    """What a step starts."""

    RUN = "run", "Training"
    EVALUATION = "evaluation", "Scoring"


class Pipeline(models.Model):
    """Runs and evaluations that belong together: what they read, with which settings, for whom."""

    STATES: ClassVar[StateTable] = PIPELINE_STATES

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="pipelines")
    kind = models.CharField(max_length=20, choices=PipelineKind.choices)
    state = models.CharField(max_length=20, choices=PipelineState.choices, default=PipelineState.RUNNING)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    base = models.ForeignKey(ModelEndpoint, on_delete=models.PROTECT, related_name="+")
    questions = models.ForeignKey(
        Release, on_delete=models.PROTECT, related_name="+", help_text="What the models are scored on."
    )
    dev_questions = models.ForeignKey(
        Release, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    preferences = models.ForeignKey(
        Release, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    preset = models.CharField(max_length=20)
    settings = models.JSONField(default=dict, help_text="Stage to its settings.")
    seeds = models.JSONField(default=list)
    gpus = models.CharField(max_length=60, blank=True)
    actor = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="In whose name steps start: who started it, or resumed it last.",
    )
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, help_text="For people: no patient data, secrets or paths.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=PipelineState.values), name="pipeline_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="running", finished_at=None)
                | (~models.Q(state="running") & models.Q(finished_at__isnull=False)),
                name="pipeline_finished_when_over",
            ),
        ]

    def __str__(self) -> str:
        word = "Comparison" if self.kind == PipelineKind.COMPARISON else "Pipeline"
        return f"{word} {self.pk}"

    @property
    def owning_study(self) -> Study:
        """The study whose audit chain records this pipeline."""
        return self.study

    @property
    def is_over(self) -> bool:
        """Whether nothing starts any more unless a person resumes it."""
        return self.state != PipelineState.RUNNING


class PipelineStep(models.Model):
    """One run or one evaluation of a pipeline; its state is that of the job behind it."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=StepKind.choices)
    recipe = models.CharField(
        max_length=20, choices=Recipe.choices, blank=True, help_text="Which one's model it makes or scores."
    )
    stage = models.CharField(max_length=20, choices=Stage.choices, blank=True)
    specialty = models.CharField(max_length=40, choices=Specialty.choices, blank=True)
    seed = models.PositiveIntegerField(default=0)
    settings = models.JSONField(default=dict)
    needs = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="feeds")
    run = models.OneToOneField(
        Run, on_delete=models.PROTECT, null=True, blank=True, related_name="pipeline_step"
    )
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.PROTECT, null=True, blank=True, related_name="pipeline_steps"
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "position"], name="pipeline_step_once"),
            models.CheckConstraint(
                condition=models.Q(kind="run", evaluation=None) | models.Q(kind="evaluation", run=None),
                name="pipeline_step_makes_what_it_says",
            ),
        ]

    def __str__(self) -> str:
        return f"Step {self.position} of {self.pipeline_id}"

    @property
    def job(self) -> Job | None:
        """The job behind it; None until it has started."""
        made = self.run or self.evaluation
        return made.job if made else None

    @property
    def state(self) -> str:
        """That of its job, an evaluation's `paused`, or `not_started`."""
        if self.evaluation is not None:
            return self.evaluation.state
        return self.job.state if self.job else WAITING

    @property
    def is_done(self) -> bool:
        """Whether what it makes is there."""
        return self.state == JobState.SUCCEEDED
