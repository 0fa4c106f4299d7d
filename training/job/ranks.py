"""The processes that train one run together: rank 0 decides, speaks and writes; the others follow it."""

from __future__ import annotations

import os
from typing import Any

from training.job.spec import FSDP2, UNSHARED, ZERO3


def count() -> int:
    """Return how many processes train together; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Return this process's rank, from 0; 0 without a launcher."""
    return int(os.environ.get("RANK", "0"))


def is_first() -> bool:
    """Whether this process is the one that writes: rank 0, or the only one."""
    return rank() == 0


def meet(device: str, sharding: str = UNSHARED) -> None:
    """Meet the other processes, over gloo on a CPU and NCCL on GPUs; `device` is cpu or cuda."""
    if count() == 1:
        return
    if sharding == ZERO3:
        os.environ["ACCELERATE_USE_DEEPSPEED"] = "true"  # read as the library meets, then and later
    import torch
    from accelerate import DistributedType, PartialState

    state: Any = PartialState(cpu=device == "cpu")
    if device == "cpu":
        # The library numbers it like a GPU, and torch does not know a cpu:0 when it loads a checkpoint.
        state.device = torch.device("cpu")
        if sharding == FSDP2:
            state.distributed_type = DistributedType.MULTI_GPU  # it shares nothing out on a CPU


def wait() -> None:
    """Return when all processes have come here."""
    is_set_anywhere(False)


def is_set_anywhere(flag: bool) -> bool:
    """Whether the flag is set in any of the processes; every one of them has to ask."""
    return bool(_highest(int(flag)))


def from_first(number: int) -> int:
    """Return what rank 0 gives, a number that is not negative."""
    return _highest(number if is_first() else 0)


def share(total: int, micro: int) -> tuple[int, int]:
    """Return what each process takes at once, at most `micro`, and how often, so that all make up `total`.

    Raises ValueError where the processes do not divide `total`.
    """
    own, left = divmod(total, count())
    if left or not own:
        raise ValueError(f"{total} is no multiple of the {count()} processes")
    at_once = max(number for number in range(1, micro + 1) if own % number == 0)
    return at_once, own // at_once


def _highest(number: int) -> int:
    if count() == 1:
        return number
    import torch
    from torch import distributed

    group: Any = distributed
    device = "cuda" if group.get_backend() == "nccl" else "cpu"
    held = torch.tensor([number], dtype=torch.int64, device=device)
    group.all_reduce(held, op=group.ReduceOp.MAX)
    return int(held)
