"""Build the tiny models: `python -m training.demo_models.build --out DIR [--name NAME ...]`.

All of them grow from one: the base model learns to look up an option, to see colours and to keep the format,
but guesses findings. The others start from it. Weights are built where they are needed and never committed.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.demo_models import teaching_set

NAMES = ("base", "teacher", "second", "judge_careful", "judge_hasty")
ITEMS = 320


@dataclass(frozen=True, slots=True)
class TinyRole:
    """How a model is taught: from which other one, and in how many steps of how many examples."""

    parent: str
    steps: int
    batch: int


ROLES = {
    "teacher": TinyRole("base", 60, 12),
    "judge_careful": TinyRole("base", 170, 8),
    "second": TinyRole("base", 40, 12),
    "judge_hasty": TinyRole("teacher", 30, 8),
}
# Taught in a second process, beside the others: it takes as long as all of them together.
APART = "judge_careful"


def build_models(out: Path, names: Sequence[str] = NAMES, seed: int = 0) -> dict[str, Path]:
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

    from training.demo_models import corpus
    from training.demo_models.learner import Learner
    from training.demo_models.model import build_model, build_processor

    torch.set_num_threads(1)
    items = teaching_set.make(ITEMS, seed=seed)
    processor = build_processor(corpus.vocabulary(items), corpus.phrases())
    base = build_model(processor, seed)
    learner = Learner(base, processor, items, seed)
    learner.drill(corpus.drill, steps=150)
    learner.study(corpus.base, steps=120)
    models = {"base": base}
    beside = _Beside(lambda: _teach_apart(learner, models, out, seed)) if APART in names else None
    _teach(learner, models, [name for name in ROLES if name != APART and _needed(name, names)])
    for name in names:
        if name != APART:
            _publish(models[name], processor, out / name)
    if beside:
        beside.join()


def _needed(name: str, names: Sequence[str]) -> bool:
    return name in names or any(role.parent == name for other, role in ROLES.items() if other in names)


def _teach(learner: Any, models: dict[str, Any], names: Sequence[str], out: Path | None = None) -> None:
    """Teach the named models from their parents, in order; publish them below `out` when it is given."""
    from training.demo_models import corpus

    for name in names:
        role = ROLES[name]
        models[name] = learner.model = copy.deepcopy(models[role.parent])
        learner.study(getattr(corpus, name), role.steps, role.batch)
        if out:
            _publish(models[name], learner.processor, out / name)


def _teach_apart(learner: Any, models: dict[str, Any], out: Path, seed: int) -> None:
    learner.draw = random.Random(seed)  # what the others draw does not change what it learns
    _teach(learner, models, [APART], out)


class _Beside:
    """Work in a forked process: it needs no second import of torch. Safe, as torch has one thread here."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=work)
        self._process.start()

    def join(self) -> None:
        """Wait for the end. Raises RuntimeError when the work failed."""
        self._process.join()
        if self._process.exitcode:
            raise RuntimeError("a tiny model could not be built; its process failed")


def _publish(model: Any, processor: Any, folder: Path) -> None:
    from training.demo_models.model import save

    save(model, processor, folder)
    card = {"name": folder.name, "data": teaching_set.NOTICE, "architecture": "gemma3"}
    # The card is written last: a folder without it was interrupted and is built again.
    (folder / "model_card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; print one JSON object with folders and seconds."""
    parser = argparse.ArgumentParser(prog="python -m training.demo_models.build", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    started = time.monotonic()
    folders = build_models(options.out, options.name, options.seed)
    report = {"folders": {name: str(folder) for name, folder in folders.items()}}
    sys.stdout.write(json.dumps({**report, "seconds": round(time.monotonic() - started, 1)}) + "\n")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.exit(main())
