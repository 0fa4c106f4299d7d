"""How fast a run goes and how long it still needs, from the times of its last steps."""

import itertools
from dataclasses import dataclass
from statistics import median
from typing import Final

from consilium.ui.durations import MINUTE
from training.models import Run, RunAttempt, RunEvent
from training.stage_settings import defaults_of

LOOKED_AT: Final = 21
# What one step takes in, by stage: settings that are multiplied, and what people call it.
TAKEN: Final[dict[str, tuple[str, str]]] = {
    "dsa": ("batch", "rows"),
    "gba": ("samples_per_step", "questions"),
    "judge_sft": ("batch", "verdicts"),
    "judge_dpo": ("batch", "pairs"),
    "reward_model": ("batch", "pairs"),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of one step (median of the last twenty), what is left, and rows a minute in words."""

    step_seconds: float
    seconds_left: float
    throughput: str

    @property
    def step_words(self) -> str:
        """What one step takes."""
        return f"{self.step_seconds:.3g} s a step"


def pace_of(run: Run, attempt: RunAttempt | None) -> Pace | None:
    """The pace of the attempt that goes on; None before its third step, and for a merge."""
    if attempt is None or attempt.end:
        return None
    told = RunEvent.objects.filter(run=run, kind="step", at__gte=attempt.started_at).order_by("-sequence")
    times = list(told.values_list("at", flat=True)[:LOOKED_AT])
    if len(times) < 3:
        return None
    # Between two steps, so that a checkpoint or a warm-up in between weighs little.
    spans = [(later - earlier).total_seconds() for later, earlier in itertools.pairwise(times)]
    step = max(median(spans), 1e-3)
    left = max(0, run.job.progress_total - run.job.progress_done)
    return Pace(step, step * left, _throughput(run, step))


def _throughput(run: Run, step_seconds: float) -> str:
    setting, noun = TAKEN.get(run.stage, ("", ""))
    taken = {**defaults_of(run.stage), **run.settings}.get(setting)
    steps = f"{MINUTE / step_seconds:,.3g} steps a minute"
    return f"{taken * MINUTE / step_seconds:,.3g} {noun} a minute" if taken else steps
