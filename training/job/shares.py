"""Checkpoints as safetensors: every process writes its own share, a single one all there is.

`share-00001-of-00002.safetensors` holds this process's rows of what is trained (`trained/NAME`), of the
optimizer's state (`optimizer/STATE/NAME`) and its random generators; its one entry of metadata is JSON, with
the first row of each tensor. Of processes that hold the whole model alike (DDP) the first writes it, and the
others their generators. Nothing is pickled. Shares are read row by row, so any number of processes can go on
from them; as many as wrote them do so to the bit.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

from training.job import ranks
from training.job.models import trained_tensors
from training.job.shared_model import first_row, is_shared, own_share
from training.job.spec import ZERO3, LoraSettings, SpecError
from training.job.stored_tensors import tensor_file

_FACTS = "facts"
_NAME = re.compile(r"share-(\d{5})-of-(\d{5})\.safetensors")


def with_shares(kind: type[Any], settings: LoraSettings) -> type[Any]:
    """Return the trainer's class with such checkpoints; DeepSpeed writes and reads files of its own."""
    if settings.sharding == ZERO3 and is_shared(settings):
        return kind
    holds_all = not is_shared(settings)
    return type(kind.__name__, (ShareCheckpoints, kind), {"holds_all": holds_all})


class ShareCheckpoints:
    """Before a trainer's class: replaces what it writes into checkpoints and reads from them.

    `holds_all`: each process holds the whole model.
    """

    holds_all: bool

    def save_model(self: Any, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Weights are part of the share."""

    def _save_optimizer_and_scheduler(self: Any, output_dir: str) -> None:
        Path(output_dir).mkdir(parents=True, exist_ok=True)
        trained = [] if self.holds_all and not ranks.is_first() else list(trained_tensors(self.model))
        write_share(Path(output_dir), trained, self.optimizer, self.lr_scheduler)

    def _save_rng_state(self: Any, output_dir: str) -> None:
        """Part of the share."""

    def _load_from_checkpoint(self: Any, resume_from_checkpoint: str, model: Any = None) -> None:
        with Shares(Path(resume_from_checkpoint)) as shares:
            for name, value in trained_tensors(self.model if model is None else model):
                shares.fill(f"trained/{name}", value)

    def _load_optimizer_and_scheduler(self: Any, checkpoint: str | None) -> None:
        if checkpoint is not None:
            with Shares(Path(checkpoint)) as shares:
                _load_optimizer(shares, self.model, self.optimizer, self.lr_scheduler)

    def _load_rng_state(self: Any, checkpoint: str | None) -> None:
        if checkpoint is not None:
            with Shares(Path(checkpoint)) as shares:
                shares.set_generators()


def write_share(
    folder: Path, trained: Sequence[tuple[str, torch.Tensor]], optimizer: Any, scheduler: Any
) -> None:
    """Write what this process has to keep of a run: its rows of these tensors, tensor by tensor."""
    tensors, rows = {}, {}
    for name, value in trained:
        tensors[f"trained/{name}"] = own_share(value.detach())
        rows[name] = first_row(value)
        for state, held in optimizer.state.get(value, {}).items():
            tensors[f"optimizer/{state}/{name}"] = own_share(held)
    tensors["random/cpu"] = torch.random.get_rng_state()
    if torch.cuda.is_available():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    _, words, *rest = np.random.get_state(legacy=True)
    facts = {
        "rows": rows,
        "scheduler": scheduler.state_dict(),
        "python": random.getstate(),
        "numpy": [words.tolist(), *rest],  # type: ignore[union-attr]
    }
    path = folder / _name(ranks.rank(), ranks.count())
    entries = [(key, value.dtype, value.shape) for key, value in tensors.items()]
    with tensor_file(path, entries, {_FACTS: json.dumps(facts)}) as append:
        for value in tensors.values():
            append(value)


def _name(number: int, count: int) -> str:
    return f"share-{number + 1:05d}-of-{count:05d}.safetensors"


def _load_optimizer(shares: Shares, model: Any, optimizer: Any, scheduler: Any) -> None:
    for name, value in trained_tensors(model):
        for state in shares.states(name):
            held = shares.scalar(f"optimizer/{state}/{name}")
            if held is None:
                held = torch.zeros_like(value.detach())
                shares.fill(f"optimizer/{state}/{name}", held)
            optimizer.state[value][state] = held
    told = shares.facts["scheduler"]
    scheduler.load_state_dict(told)
    for group, rate in zip(optimizer.param_groups, told["_last_lr"], strict=True):
        group["lr"] = rate


class Shares:
    """The shares of a checkpoint, open to be read. Raises SpecError where there are none."""

    def __init__(self, folder: Path) -> None:
        self._paths = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
        if not self._paths:
            raise SpecError(
                f"out: the checkpoint {folder.name} was written by an earlier version and is not read by this"
                " one; launch the run once more, or resume it with the version that wrote it"
            )
        self._stack = ExitStack()

    def __enter__(self) -> Shares:
        self._files = [self._stack.enter_context(safe_open(path, "pt")) for path in self._paths]
        self._facts = [json.loads(file.metadata()[_FACTS]) for file in self._files]
        self._keys = [set(file.keys()) for file in self._files]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def facts(self) -> dict[str, Any]:
        """What all shares say alike."""
        facts: dict[str, Any] = self._facts[0]
        return facts

    def states(self, name: str) -> list[str]:
        """Return which states of the optimizer there are of a tensor."""
        split = (key.split("/", 2) for keys in self._keys for key in keys if key.startswith("optimizer/"))
        return sorted({state for _, state, owner in split if owner == name})

    def scalar(self, key: str) -> torch.Tensor | None:
        """Return a number that all shares hold alike; None where the key is one of rows."""
        file = next(file for file, keys in zip(self._files, self._keys, strict=True) if key in keys)
        return None if file.get_slice(key).get_shape() else file.get_tensor(key)

    def fill(self, key: str, target: torch.Tensor) -> None:
        """Fill this process's rows of `target` with those of the key."""
        with torch.no_grad():
            local, first = own_share(target), first_row(target)
            for start, rows in self._rows(key, first, first + len(local)):
                local[start - first : start - first + len(rows)].copy_(rows)

    def _rows(self, key: str, first: int, end: int) -> Iterator[tuple[int, torch.Tensor]]:
        """Where they start, and rows that lie between `first` and `end`."""
        owner = key.split("/", 1 if key.startswith("trained/") else 2)[-1]
        for file, facts, keys in zip(self._files, self._facts, self._keys, strict=True):
            if key not in keys:
                continue
            part = file.get_slice(key)
            own = facts["rows"][owner]
            low, high = max(first, own), min(end, own + part.get_shape()[0])
            if low < high:
                yield low, part[low - own : high - own]

    def set_generators(self) -> None:
        """Go on drawing where this process stopped; with another number of processes nobody does."""
        if len(self._files) != ranks.count():
            return
        own, facts = self._files[ranks.rank()], self._facts[ranks.rank()]
        version, words, gauss = facts["python"]
        random.setstate((version, tuple(words), gauss))
        numpy_words, *rest = facts["numpy"]
        np.random.set_state(("MT19937", np.array(numpy_words, dtype=np.uint32), *rest))
        torch.random.set_rng_state(own.get_tensor("random/cpu"))
        if torch.cuda.is_available():
            torch.cuda.set_rng_state(own.get_tensor("random/cuda"))
