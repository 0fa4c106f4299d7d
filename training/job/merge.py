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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.job import cards
from training.job.deltas import add, open_source, parameters, source_digest
from training.job.folders import ADAPTER_CONFIG, read_from
from training.job.merge_methods import LayerReport, kept_shares, merge
from training.job.models import load_model, publish_model
from training.job.numbers import check_weights
from training.job.progress import claim_stdout
from training.job.spec import METHODS, MergeSettings, Spec, parse_spec
from training.job.stop_flag import StopFlag, Stopped
from training.job.train import Context


def run(context: Context) -> dict[str, Any]:
    """Merge and return the run's card with the report per layer. Raises SpecError, NotFinite, Stopped."""
    spec = context.spec
    settings = spec.settings
    assert isinstance(settings, MergeSettings)
    begun = time.monotonic()
    folders = [*spec.experts, *([spec.reinforced] if spec.reinforced else [])]
    model = load_model(spec.base)
    reports = merge_into(parameters(model), folders, settings, spec.seed, context)
    check_weights(model.named_parameters())  # those that no expert changed as well
    card = cards.begin(spec, {"merged": [source_digest(folder) for folder in folders]})
    card["metrics"] = _summary(reports)
    # In the order of the inputs: the experts, then the reinforced model.
    card["kept_share"] = kept_shares(reports)
    card["layers"] = [dataclasses.asdict(report) for report in reports]
    card["seconds"] = round(time.monotonic() - begun, 1)
    return cards.finish(spec, card, {}, lambda folder: publish_model(model, spec.base, folder))


def merge_into(
    target: dict[str, Any], folders: Sequence[Path], settings: MergeSettings, seed: int, context: Context
) -> list[LayerReport]:
    """Add the scaled merged deltas to the parameters in `target`, in place; report one step per tensor."""
    originals = {name: value.clone() for name, value in target.items()} if _any_full(folders) else target
    sources = [open_source(folder, originals, load_model) for folder in folders]
    total = len({name for source in sources for name in source.names()})
    context.progress.emit("start", total_steps=total, resumed_from=0)
    reports = []
    for step, merged in enumerate(merge(sources, settings.method, settings.density, seed), start=1):
        if context.flag.wanted:
            raise Stopped(step - 1)
        add(target, merged.name, settings.scale * merged.delta)
        reports.append(merged.report)
        context.progress.emit("step", step=step, total=total)
    return reports


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


def _any_full(folders: Sequence[Path]) -> bool:
    return any(not (read_from(folder) / ADAPTER_CONFIG).is_file() for folder in folders)


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
