"""What training took, from what its runs recorded; and how single runs get as much as a whole recipe took.

Unit: a *sequence* is one prompt with its answer that an update learned from: a row of supervised training as
often as it was seen, a rollout of GBA or GRPO. Sequences = optimizer steps x sequences per step. Rollouts are
drawn first, too, which sequences do not count and seconds do.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Max

from dashboard.models import PipelineStep, Recipe
from training.models import Run, RunAttempt, RunEvent, Stage
from training.stage_settings import defaults_of

# Recipes of one run, which train as much as experts and GBA together.
EQUALISED: Final = (Recipe.SFT_ALL, Recipe.GRPO)


@dataclass(frozen=True, slots=True)
class Compute:
    """Optimizer steps, sequences that they learned from, and seconds of the training processes."""

    steps: int = 0
    sequences: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Compute") -> "Compute":
        return Compute(
            self.steps + other.steps, self.sequences + other.sequences, self.seconds + other.seconds
        )

    def shared_by(self, count: int) -> "Compute":
        """The part of one of so many."""
        return Compute(round(self.steps / count), round(self.sequences / count), self.seconds / count)


def sequences_per_step(stage: str, settings: dict[str, Any]) -> int:
    """How many sequences one update learns from; 0 for a merge."""
    values = {**defaults_of(stage), **settings}
    if stage == Stage.MERGE:
        return 0
    if stage == Stage.GBA:
        return int(values["samples_per_step"] * values["rollouts"] * len(values["paradigms"]))
    return int(values["batch"])


def recorded_compute(runs: Iterable[Run]) -> Compute:
    """What these runs took together, all their attempts; steps that a merge reports are no updates."""
    return sum(recorded_by_run(runs).values(), Compute())


def recorded_by_run(runs: Iterable[Run]) -> dict[int, Compute]:
    """What each took, by its key."""
    listed = list(runs)
    told = RunEvent.objects.filter(run__in=listed, kind="step").order_by()
    steps = dict(told.values_list("run").annotate(last=Max("step")))
    seconds: dict[int, float] = defaultdict(float)
    for attempt in RunAttempt.objects.filter(run__in=listed):
        seconds[attempt.run_id] += attempt.seconds
    return {run.pk: _compute(run, steps.get(run.pk) or 0, seconds[run.pk]) for run in listed}


def _compute(run: Run, steps: int, seconds: float) -> Compute:
    per_step = sequences_per_step(run.stage, run.settings)
    return Compute(steps, steps * per_step, seconds) if per_step else Compute(seconds=seconds)


def equal_settings(step: PipelineStep, needed: Sequence[Run]) -> tuple[dict[str, Any], list[Run]]:
    """The settings of a run that is about to start, and the runs that it builds on.

    SFT on all and GRPO from the base build on none: they get the fewest steps with at least as many sequences
    as the runs that they waited for have taken.
    """
    if step.recipe not in EQUALISED:
        return step.settings, list(needed)
    sequences = recorded_compute(needed).sequences
    steps = max(1, math.ceil(sequences / sequences_per_step(step.stage, step.settings)))
    return {**step.settings, "max_steps": steps}, []
