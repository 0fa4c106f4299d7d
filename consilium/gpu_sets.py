"""Named sets of the GPUs of a host: each has a queue and a worker of its own (no Django import).

A worker of no set uses the GPUs that it sees. No two sets share a GPU, so that no two jobs do.
"""

import fcntl
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consilium.environment import EnvironmentRefused

SETS: Final = "CONSILIUM_GPU_SETS"
OWN: Final = "CONSILIUM_GPU_SET"
ANY_GPU: Final = "gpu"
NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?")
DEVICE: Final = re.compile(r"[0-9]{1,3}")
_held: list[int] = []


@dataclass(frozen=True, slots=True)
class GpuSet:
    """GPUs that one job gets together, by the numbers that `nvidia-smi` shows."""

    name: str
    devices: tuple[int, ...]

    @property
    def queue(self) -> str:
        """The queue of the jobs that ask for this set."""
        return f"{ANY_GPU}-{self.name}"

    @property
    def visible(self) -> str:
        """As CUDA_VISIBLE_DEVICES takes it."""
        return ",".join(map(str, self.devices))

    def __str__(self) -> str:
        numbers = f"{'GPUs' if len(self.devices) > 1 else 'GPU'} {', '.join(map(str, self.devices))}"
        return f"{self.name}: {numbers}"


def read_sets(environment: Mapping[str, str]) -> tuple[GpuSet, ...]:
    """The sets of CONSILIUM_GPU_SETS, `left=0 right=1 pair=2,3`. Raises EnvironmentRefused."""
    sets = tuple(map(_read_set, environment.get(SETS, "").split()))
    held = [f"the name {one.name}" for one in sets] + [
        f"GPU {number}" for one in sets for number in one.devices
    ]
    if twice := next((one for one in held if held.count(one) > 1), ""):
        raise EnvironmentRefused(f"{SETS} has {twice} twice; each may stand in it once.")
    return sets


def read_own(environment: Mapping[str, str], sets: tuple[GpuSet, ...]) -> GpuSet | None:
    """The set that this worker belongs to, CONSILIUM_GPU_SET; None for none. Raises EnvironmentRefused."""
    name = environment.get(OWN, "").strip()
    if not name:
        return None
    for one in sets:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in sets) or "none"
    raise EnvironmentRefused(f"{OWN} is {name!r}, which {SETS} does not name (it names: {known}).")


def hold_set(own: GpuSet, folder: Path) -> None:
    """Keep the set until this process ends. Raises EnvironmentRefused when another of this host has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / f"{socket.gethostname()[:80]}-{own.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise EnvironmentRefused(f"Another worker of this host already has the GPU set {own.name}.") from None
    _held.append(lock)


def _read_set(text: str) -> GpuSet:
    name, equals, listed = text.partition("=")
    devices = listed.split(",")
    if not equals or not NAME.fullmatch(name) or not all(map(DEVICE.fullmatch, devices)):
        raise EnvironmentRefused(
            f"{SETS} has {text!r}; write sets as name=0,1 with blanks between them, the names in small "
            "letters, digits and hyphens (20 at most)."
        )
    return GpuSet(name, tuple(map(int, devices)))
