"""Run stages one after the other in this process, which may be one of several.

`python -m tests.training.job.together SPEC.json...`. GBA draws words by their place in the whole batch, not
by the process's own generator, so that several processes write what a single one would; it is rewarded by
what it wrote under which paradigm.
"""

import os
import sys
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import torch

from training.job import gba, gba_trainer, ranks
from training.job.__main__ import run_safely
from training.job.progress import claim_stdout
from training.job.spec import read_spec
from training.job.stop_flag import StopFlag


class ByPlace:
    """Draws the next word of every row, from numbers that depend on its place and the word's only."""

    def __init__(self) -> None:
        self._words = 0
        self._usual = gba_trainer.GbaTrainer._generate

    def generate(self, trainer: Any, prompts: list[Any]) -> Any:
        self._words = 0
        return self._usual(trainer, prompts)

    def draw(self, chances: torch.Tensor, num_samples: int) -> torch.Tensor:
        assert num_samples == 1
        rows = len(chances)
        places = torch.arange(rows, dtype=torch.float64) + rows * int(os.environ.get("RANK", "0"))
        numbers = ((places + 1) * 0.6180339887 + (self._words + 1) * 0.4142135623) % 1
        self._words += 1
        reached = torch.searchsorted(chances.double().cumsum(dim=1), numbers.unsqueeze(1))
        return reached.clamp(max=chances.shape[1] - 1)


def by_content(completions: list[Any], paradigm: list[str], gold: list[str], **_: Any) -> list[float]:
    texts = [completion[0]["content"] for completion in completions]
    keys = zip(texts, paradigm, gold, strict=True)
    return [zlib.crc32("/".join(key).encode()) % 7 / 6 for key in keys]


def main(paths: list[str]) -> int:
    by_place = ByPlace()

    def generate(trainer: Any, prompts: list[Any]) -> Any:
        return by_place.generate(trainer, prompts)

    setattr(gba_trainer.GbaTrainer, "_generate", generate)  # noqa: B010
    setattr(torch, "multinomial", by_place.draw)  # noqa: B010
    setattr(gba, "format_reward", by_content)  # noqa: B010
    os.environ["ACCELERATE_USE_CPU"] = "true"
    progress, flag = claim_stdout(), StopFlag()
    flag.install()
    status = max(run_safely(partial(read_spec, Path(path)), progress, flag) for path in paths)
    sys.stderr.write(f"process {os.environ.get('RANK', '0')} of {ranks.count()} ended with {status}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
