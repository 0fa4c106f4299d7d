"""Build the tiny models of the tests and of the demo: `python -m training.job.tiny --out DIR [--name NAME
...]`.

All of them grow from one: the base model learns to look up an option, to see colours and to keep the format,
but guesses findings. The others start from it. Weights are built where they are needed and never committed.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.job import teaching

NAMES = ("base", "teacher", "second", "judge_careful", "judge_hasty")
ITEMS = 320


@dataclass(frozen=True, slots=True)
class Role:
    """How a model is taught: from which other one, by which writer, in how many steps of how many examples."""

    parent: str
    writer: str
    steps: int
    batch: int


ROLES = {
    "teacher": Role("base", "teacher", 60, 12),
    "second": Role("base", "second", 50, 12),
    "judge_careful": Role("teacher", "judge_careful", 80, 8),
    "judge_hasty": Role("teacher", "judge_hasty", 40, 8),
}


def build(out: Path, names: Sequence[str] = NAMES, seed: int = 0) -> dict[str, Path]:
    """Build the named models as folders of `out` and return their folders; a complete folder is kept.

    Raises ValueError for an unknown name.
    """
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise ValueError(f"unknown tiny model {', '.join(unknown)}; known are {', '.join(NAMES)}")
    folders = {name: out / name for name in names}
    missing = [name for name in names if not (folders[name] / "model_card.json").exists()]
    if missing:
        _build(out, missing, seed)
    return folders


def _build(out: Path, names: Sequence[str], seed: int) -> None:
    import torch

    from training.job import tiny_corpus, tiny_model
    from training.job.tiny_learning import Learner

    torch.set_num_threads(1)
    items = teaching.make(ITEMS, seed=seed)
    processor = tiny_model.build_processor(tiny_corpus.vocabulary(items), tiny_corpus.phrases())
    base = tiny_model.build_model(processor, seed)
    learner = Learner(base, processor, items, seed)
    learner.drill(tiny_corpus.drill, steps=150)
    learner.study(tiny_corpus.base, steps=110)
    models = {"base": base}
    for name, role in ROLES.items():
        if name not in names and not any(ROLES[other].parent == name for other in names if other in ROLES):
            continue
        models[name] = learner.model = copy.deepcopy(models[role.parent])
        learner.study(getattr(tiny_corpus, role.writer), role.steps, role.batch)
    for name in names:
        _publish(models[name], processor, out / name, seed)


def _publish(model: Any, processor: Any, folder: Path, seed: int) -> None:
    from training.job import tiny_model

    tiny_model.save(model, processor, folder)
    card = {"name": folder.name, "data": teaching.NOTICE, "seed": seed, "architecture": "gemma3"}
    # The card is written last: a folder without it was interrupted and is built again.
    (folder / "model_card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; print one JSON object with folders and seconds."""
    parser = argparse.ArgumentParser(prog="python -m training.job.tiny", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    started = time.monotonic()
    folders = build(options.out, options.name, options.seed)
    report = {"folders": {name: str(folder) for name, folder in folders.items()}}
    sys.stdout.write(json.dumps({**report, "seconds": round(time.monotonic() - started, 1)}) + "\n")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.exit(main())
