"""Merge candidates: several ways to merge the same models, scored on dev questions of every specialty.

Kept is the one whose worst specialty does best; of equal ones that with the better mean, then the earlier
one. Each is made in memory, on the one live model that answers the questions, and none is written. What has
been scored is on disk and not scored again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from training.job.deltas import DeltaSource, in_type
from training.job.dev_score import DevScorer
from training.job.files import write_json
from training.job.merge_methods import ELECTS, Merger
from training.job.spec import METHODS, MergeSettings, SpecError
from training.job.step_count import StepCount
from training.job.stored_model import BaseBlocks
from training.job.train import Context
from training.job.trim import TrimSurvey

SCORED = "candidates.json"
BASE = "base"


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """One way to merge; `density` is None where nothing is trimmed. `base`: nothing is merged at all."""

    method: str
    density: float | None
    scale: float


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A candidate and its share of right answers by specialty."""

    candidate: MergeCandidate
    scores: Mapping[str, float]

    @property
    def worst(self) -> float:
        """The score of the specialty in which it is worst."""
        return min(self.scores.values())

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        one = self.candidate
        told = {"method": one.method, "density": one.density, "scale": one.scale}
        return told | {"scores": dict(self.scores), "worst": self.worst}


def planned(settings: MergeSettings) -> list[MergeCandidate]:
    """Return the candidates of a grid: TIES under every share kept and scale, the other methods once each."""
    grid = [
        MergeCandidate("ties", density, scale) for density in settings.densities for scale in settings.scales
    ]
    others = [
        MergeCandidate(method, settings.density if method in ELECTS else None, settings.scale)
        for method in METHODS
        if method != "ties"
    ]
    return [*grid, *others]


def best_of(scored: Sequence[ScoredCandidate]) -> ScoredCandidate:
    """Return the candidate to keep; the base is none."""
    merged = [one for one in scored if one.candidate.method != BASE]
    return max(merged, key=lambda one: (one.worst, fmean(one.scores.values())))


def start_steps(context: Context, settings: MergeSettings) -> StepCount:
    """Announce one step for the base and for each candidate, and one to merge as the best of them does."""
    known = _known(context.spec.out / SCORED)
    return StepCount(context.progress, context.flag, len(planned(settings)) + 2, resumed_from=len(known))


def score_all(
    context: Context,
    settings: MergeSettings,
    base: BaseBlocks,
    sources: Sequence[DeltaSource],
    steps: StepCount,
) -> list[ScoredCandidate]:
    """Score base and candidates, those of an earlier start from their file. Raises SpecError, Stopped."""
    spec = context.spec
    wanted = [MergeCandidate(BASE, None, 0.0), *planned(settings)]
    path = spec.out / SCORED
    known = _known(path)
    for one in known.values():
        context.progress.emit("candidate", **one.as_dict())
    if len(known) == len(wanted):
        return list(known.values())
    scorer = DevScorer(spec)
    mergers = _Mergers(sources, settings, spec.seed, steps.check)
    for candidate in wanted:
        if candidate in known:
            continue
        if candidate.method != BASE:
            _apply(base, mergers.of(candidate), candidate.scale, scorer.parameters)
        known[candidate] = ScoredCandidate(candidate, scorer.scores(steps.check))
        write_json(path, [one.as_dict() for one in known.values()])
        context.progress.emit("candidate", **known[candidate].as_dict())
        steps.tick()
    return list(known.values())


class _Mergers:
    """The merger of a candidate; candidates that differ in their scale alone share one."""

    def __init__(
        self,
        sources: Sequence[DeltaSource],
        settings: MergeSettings,
        seed: int,
        tick: Callable[[], None],
    ) -> None:
        self._sources, self._seed, self._tick = sources, seed, tick
        self._survey = TrimSurvey(sources, settings.densities, tick)
        self._held: tuple[tuple[str, float | None], Merger] | None = None

    def of(self, candidate: MergeCandidate) -> Merger:
        """Return what merges as the candidate says, before its scale."""
        key = (candidate.method, candidate.density)
        if self._held is None or self._held[0] != key:
            merger = Merger(
                self._sources,
                candidate.method,
                candidate.density or 1.0,
                self._seed,
                survey=self._survey,
                tick=self._tick,
                is_reported=False,
            )
            self._held = key, merger
        return self._held[1]


def _apply(base: BaseBlocks, merger: Merger, scale: float, target: Mapping[str, torch.Tensor]) -> None:
    """Make the parameters those of the base and the scaled merge, whatever they were."""
    for name in merger.names:
        if name not in target:
            raise SpecError(
                f"settings.method: tensor {name} lies in the files in another form than the model has it, so "
                "candidates of this model cannot be scored; choose one method"
            )
        for block, delta in merger.blocks(name):
            rows = block.of(target[name])
            rows.copy_(in_type(name, base.block(name, block) + scale * delta, rows.dtype))


def _known(path: Path) -> dict[MergeCandidate, ScoredCandidate]:
    """What an earlier start of the same run has scored."""
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    found = (
        ScoredCandidate(MergeCandidate(one["method"], one["density"], one["scale"]), one["scores"])
        for one in told
    )
    return {one.candidate: one for one in found}
