"""Run stages one after the other in this process, which may be one of several.

`python -m tests.training.job.together COUNT STEP SPEC.json...`: COUNT processes, forked here; 0 where a
launcher has started them. A stage that comes twice in the list is stopped at first: the last of the processes
is asked to after that step. GBA draws words by their place in the whole batch, not by the process's own
generator, so that several processes write what a single one would; it is rewarded by what it wrote under
which paradigm.
"""

import os
import signal
import sys
import zlib
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

import torch
from accelerate.state import AcceleratorState

from training.job import gba, gba_trainer, ranks
from training.job.__main__ import run_safely
from training.job.callback import Following
from training.job.processes import reserved_port
from training.job.progress import claim_stdout
from training.job.spec import read_spec
from training.job.stop_flag import StopFlag

RESERVED: list[socket] = []  # held until the process ends


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


def stop_after(step: int, outs: set[str]) -> None:
    """Have the last process ask itself to stop, once for each of these runs."""
    usual = Following.on_log

    def on_log(following: Any, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        usual(following, args, state, control, **kwargs)
        out = str(Path(args.output_dir).parent)
        if state.global_step == step and out in outs and ranks.rank() == ranks.count() - 1:
            outs.remove(out)
            os.kill(os.getpid(), signal.SIGTERM)

    setattr(Following, "on_log", on_log)  # noqa: B010


def fork(count: int) -> int:
    """Become rank 0 of so many processes, and in children the others; return the last child's number."""
    child = 0
    RESERVED.append(reserved_port())
    port = RESERVED[0].getsockname()[1]
    rank = 0
    for other in range(1, count):
        child = os.fork()
        if not child:
            rank = other
            break
    known = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    os.environ |= {name: str(value) for name, value in known.items()}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return child


def main(count: int, step: int, paths: list[str]) -> int:
    child = fork(count) if count > 1 else 0
    by_place = ByPlace()

    def generate(trainer: Any, prompts: list[Any]) -> Any:
        return by_place.generate(trainer, prompts)

    setattr(gba_trainer.GbaTrainer, "_generate", generate)  # noqa: B010
    setattr(torch, "multinomial", by_place.draw)  # noqa: B010
    setattr(gba, "format_reward", by_content)  # noqa: B010
    os.environ["ACCELERATE_USE_CPU"] = "true"
    stop_after(step, {str(read_spec(Path(path)).out) for path in paths if paths.count(path) > 1})
    progress, statuses = claim_stdout(), []
    for path in paths:
        # A run in a process of its own would find neither.
        AcceleratorState._reset_state(reset_partial_state=True)
        os.environ.pop("ACCELERATE_USE_FSDP", None)
        flag = StopFlag()
        flag.install()
        statuses.append(run_safely(partial(read_spec, Path(path)), progress, flag))
    sys.stderr.write(f"process {ranks.rank()} of {ranks.count()} ended with {statuses}\n")
    if child:
        os.waitpid(child, 0)
    return statuses[-1]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
