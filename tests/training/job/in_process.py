"""Stages in the tests' own process, a step or two long, on bases as the Hub ships them."""

import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from training.job import cards, dsa, gba, merge
from training.job.folders import check_folders
from training.job.models import load_model
from training.job.progress import Progress
from training.job.spec import Spec, parse_spec
from training.job.stop_flag import StopFlag, Stopped
from training.job.train import Context

SMALL = {"lora_r": 4, "lora_alpha": 8, "max_steps": 1, "max_pixels": 3136, "learning_rate": 0.1}
SETTINGS: dict[str, dict[str, Any]] = {
    "dsa": {**SMALL, "batch": 2, "micro_batch": 2, "warmup_ratio": 0.0, "lora_dropout": 0.0},
    "gba": {
        **SMALL,
        "samples_per_step": 1,
        "micro_batch": 4,
        "max_new_tokens": 2,
        "paradigms": ["differential", "bayesian"],
    },
    "merge": {"density": 1.0},
}
STAGES: dict[str, ModuleType] = {"dsa": dsa, "gba": gba, "merge": merge}


def asked(stage: str, base: Path, rows: Path | None = None, name: str = "", **given: Any) -> Spec:
    """A stage on `base`, whose out folder lies beside it; `given` are settings, experts or reinforced."""
    spec: dict[str, Any] = {"stage": stage, "base": str(base), "out": str(base.parent / (name or stage))}
    spec |= {"data": str(rows)} if rows else {}
    spec |= {"specialty": "pediatrics"} if stage == "dsa" else {}
    spec |= {key: given.pop(key) for key in ("experts", "reinforced") if key in given}
    if stage == "gba" and not spec.get("experts"):
        given = {"start_from": "base", **given}
    return parse_spec({**spec, "device": "cpu", "settings": {**SETTINGS[stage], **given}})


def run(spec: Spec) -> Path:
    """Run it to its end; return its out folder."""
    return _run(spec, Progress(None), StopFlag())


def run_stopped(spec: Spec) -> None:
    """Run it and ask it to stop when it reports its first step."""
    flag = StopFlag()

    class OneStep(Progress):
        def emit(self, event: str, **values: Any) -> None:
            flag.wanted = flag.wanted or event == "step"

    with pytest.raises(Stopped):
        _run(spec, OneStep(None), flag)


def _run(spec: Spec, progress: Progress, flag: StopFlag) -> Path:
    check_folders(spec)
    cards.bind(spec)
    STAGES[spec.stage].run(Context(spec, progress, flag))
    return spec.out


def by_content(completions: list[Any], **_: Any) -> list[float]:
    """A reward that differs between random answers, so that there is something to learn."""
    return [zlib.crc32(completion[0]["content"].encode()) % 7 / 6 for completion in completions]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: value.detach() for name, value in load_model(folder).named_parameters()}


def changes(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> list[str]:
    """The names of the parameters that differ."""
    return [name for name, value in before.items() if not value.equal(after[name])]
