"""Merge experts, and the reinforced model when there is one, into the base.

As a stage of `python -m training.job`, or alone:
`python -m training.job.merge --base DIR --expert DIR... [--method ties --density 0.2 --scale 1.0] --out DIR`.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from training.job import cards
from training.job.candidates import MergeCandidate, best_of, score_all, start_steps
from training.job.deltas import DeltaSource, open_source, source_digest
from training.job.merge_methods import LayerReport, Merger, changed_names, kept_shares, passes
from training.job.merged_model import publish_merged
from training.job.models import device_of
from training.job.progress import claim_stdout
from training.job.spec import CANDIDATES, METHODS, MergeSettings, Spec, parse_spec
from training.job.step_count import StepCount
from training.job.stop_flag import StopFlag
from training.job.stored_model import BaseBlocks, open_model
from training.job.train import Context
from training.job.trim import TrimSurvey


def run(context: Context) -> dict[str, Any]:
    """Merge and return the run's card with the report per layer. Raises SpecError, NotFinite, Stopped."""
    spec = context.spec
    settings = spec.settings
    assert isinstance(settings, MergeSettings)
    begun = time.monotonic()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    base, sources = open_all(spec)
    card = cards.begin(spec, {"merged": [source_digest(folder) for folder in merged_folders(spec)]})
    steps = None
    if settings.method == CANDIDATES:
        steps = start_steps(context, settings)
        scored = score_all(context, settings, base, sources, steps)
        chosen = best_of(scored)
        card |= {"candidates": [one.as_dict() for one in scored], "chosen": chosen.as_dict()}
        settings = settings_for(chosen.candidate, settings)
    merger = merger_of(context, sources, settings, steps.check if steps else None)

    def publish(folder: Path) -> str:
        digest = publish_merged(base, merger, settings.scale, folder)
        card.update(_told(merger))
        if steps:
            steps.tick()
            card["metrics"]["dev_worst"] = card["chosen"]["worst"]
        card["seconds"] = round(time.monotonic() - begun, 1)
        return digest

    return cards.finish(spec, card, {}, publish)


def open_all(spec: Spec) -> tuple[BaseBlocks, list[DeltaSource]]:
    """Open the base of a merge and what is merged into it, in the order of the specification."""
    base = BaseBlocks(open_model(spec.base), device_of(spec.device))
    return base, [open_source(folder, base) for folder in merged_folders(spec)]


def merged_folders(spec: Spec) -> list[Path]:
    """The folders that are merged: the experts, then the reinforced model."""
    return [*spec.experts, *([spec.reinforced] if spec.reinforced else [])]


def settings_for(candidate: MergeCandidate, settings: MergeSettings) -> MergeSettings:
    """Return the settings under which one candidate is merged."""
    density = settings.density if candidate.density is None else candidate.density
    return dataclasses.replace(settings, method=candidate.method, density=density, scale=candidate.scale)


def merger_of(
    context: Context,
    sources: Sequence[DeltaSource],
    settings: MergeSettings,
    tick: Callable[[], None] | None = None,
) -> Merger:
    """Prepare the merge of these deltas. Without `tick` every tensor of every pass is a step of its own."""
    times = passes(settings.method, len(sources))
    steps = None
    if tick is None:
        steps = StepCount(context.progress, context.flag, times * len(changed_names(sources)))
        tick = steps.tick
    survey = None
    if settings.method == "ties":
        survey = TrimSurvey(sources, [settings.density], tick)
        if steps:
            steps.expect((times - 2) * len(survey.changed))
    return Merger(sources, settings.method, settings.density, context.spec.seed, survey=survey, tick=tick)


def main(arguments: Sequence[str]) -> int:
    """Run the command line; exit status as of the stage."""
    from training.job.__main__ import run_safely

    progress = claim_stdout()
    flag = StopFlag()
    flag.install()
    return run_safely(lambda: _from_arguments(arguments), progress, flag)


def _from_arguments(arguments: Sequence[str]) -> Spec:
    parser = argparse.ArgumentParser(prog="python -m training.job.merge", description=__doc__)
    parser.add_argument("--base", required=True)
    parser.add_argument("--expert", nargs="+", action="extend", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--method", choices=METHODS, default="ties")
    parser.add_argument("--density", type=float, default=0.2)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    settings = {"method": given.method, "density": given.density, "scale": given.scale}
    values = {
        "stage": "merge",
        "base": given.base,
        "out": given.out,
        "experts": given.expert,
        "seed": given.seed,
    }
    return parse_spec({**values, "settings": settings})


def _told(merger: Merger) -> dict[str, Any]:
    """What the card says about a merge; models are in the order of `merged_folders`."""
    reports = merger.reports()
    return {
        "metrics": _summary(reports),
        "kept_share": kept_shares(reports),
        "cosines": merger.cosines(),
        "layers": [dataclasses.asdict(report) for report in reports],
    }


def _summary(reports: Sequence[LayerReport]) -> dict[str, float]:
    """Return unweighted means over the layers where a figure is defined, of what is kept over the models."""
    columns: dict[str, list[float | None]] = {
        "sign_conflict": [report.sign_conflict for report in reports],
        "mass_discarded": [report.mass_discarded for report in reports],
        "cosine": [cosine for report in reports for cosine in report.cosines],
    }
    columns["kept_share"] = list(kept_shares(reports))
    known = {key: [value for value in values if value is not None] for key, values in columns.items()}
    return {key: sum(values) / len(values) for key, values in known.items() if values}


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.exit(main(sys.argv[1:]))
