"""Rows of the training app: runs, their events and checkpoints, and the models they produced."""

from typing import Final

from django.conf import settings as django_settings
from django.db import models
from django.utils import timezone

from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.people.models import Specialty, Study
from curation.models import Release


class Stage(models.TextChoices):
    """The stages of METHOD.md section 5 that can be launched."""

    DSA = "dsa", "DSA: one expert per specialty"
    GBA = "gba", "GBA: reinforcement with guideline-based advantages"
    MERGE = "merge", "Conflict-aware merge"
    JUDGE_SFT = "judge_sft", "Judge, SFT on the readers' verdicts"
    JUDGE_DPO = "judge_dpo", "Judge, DPO on preferences"
    REWARD_MODEL = "reward_model", "Reward model (Bradley-Terry)"

    @property
    def short(self) -> str:
        """What people call it in a line with other words."""
        return SHORT.get(self, self.upper())


ALL_SPECIALTIES: Final = "All specialties"
SHORT: Final = {
    Stage.MERGE: "merge",
    Stage.JUDGE_SFT: "judge SFT",
    Stage.JUDGE_DPO: "judge DPO",
    Stage.REWARD_MODEL: "reward model",
}


class Run(models.Model):
    """One execution of one stage; its state is its job's state."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="runs")
    stage = models.CharField(max_length=20, choices=Stage.choices)
    specialty = models.CharField(max_length=40, choices=Specialty.choices, blank=True)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    release_digest = models.CharField(max_length=64, blank=True)
    base = models.ForeignKey(ModelEndpoint, on_delete=models.PROTECT, related_name="runs_from")
    inputs = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="feeds")
    settings = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="run")
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage="dsa") | models.Q(specialty=""), name="run_dsa_alone_has_specialty"
            )
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}: {' '.join(filter(None, (Stage(self.stage).short, self.taught.lower())))}"

    @property
    def taught(self) -> str:
        """Of DSA, what it is taught: a specialty's name, or that it is all of them."""
        return self.get_specialty_display() or (ALL_SPECIALTIES if self.stage == Stage.DSA else "")


class RunEvent(models.Model):
    """One line of progress that the training process wrote."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    step = models.PositiveIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["sequence"]
        constraints = [models.UniqueConstraint(fields=["run", "sequence"], name="run_event_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.step or ''}"


class AttemptEnd(models.TextChoices):
    """How one attempt of a run ended."""

    DONE = "done", "Finished"
    STOPPED = "stopped", "Stopped, saved"
    FAILED = "failed", "Failed"
    LOST = "lost", "Lost: its worker or its process was gone"


class RunAttempt(models.Model):
    """One time that the training process was started for a run: where, for how long, with what it took."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(default=timezone.now, help_text="When its worker last looked at it.")
    end = models.CharField(max_length=20, choices=AttemptEnd.choices, blank=True)
    first_step = models.PositiveIntegerField(null=True, blank=True, help_text="The first that it trained.")
    last_step = models.PositiveIntegerField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    hardware = models.JSONField(default=dict)
    software = models.JSONField(default=dict)
    memory_bytes = models.PositiveBigIntegerField(default=0, help_text="Most at once, of all its processes.")
    gpu_bytes = models.PositiveBigIntegerField(null=True, blank=True, help_text="Most at once, of its GPUs.")
    joules = models.FloatField(null=True, blank=True, help_text="Energy of its GPUs; null: they do not tell.")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="run_attempt_once"),
            models.CheckConstraint(
                condition=models.Q(end="") | models.Q(end__in=AttemptEnd.values), name="run_attempt_end_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number} of run {self.run_id}"

    @property
    def seconds(self) -> float:
        """How long it has lasted, as far as its worker told."""
        return (self.heard_at - self.started_at).total_seconds()

    @property
    def watt_hours(self) -> float | None:
        """Energy as people read it."""
        return None if self.joules is None else self.joules / 3600


class Checkpoint(models.Model):
    """One complete checkpoint on disk, by name inside the run's folder."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="checkpoints")
    step = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["step"]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="checkpoint_once")]

    def __str__(self) -> str:
        return self.name


class ProducedModel(models.Model):
    """The model a run made, registered as an endpoint with the digests it was trained on."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="produced")
    endpoint = models.OneToOneField(ModelEndpoint, on_delete=models.PROTECT, related_name="produced_by")
    digest = models.CharField(max_length=64)
    release_digests = models.JSONField(default=list)
    card = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"Model of run {self.run_id}"
