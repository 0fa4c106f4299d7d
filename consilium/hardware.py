"""What this host computes with: processor, memory, and the GPUs that this worker may use.

GPUs are those that `nvidia-smi` tells of, which comes with the driver; without it there are none. Pure.
"""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ASK_SECONDS: Final = 5.0
MEBIBYTE: Final = 1 << 20
COLUMNS: Final = "name,memory.total,memory.used,power.draw"


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU now; bytes, and watts where the card tells."""

    name: str
    total_bytes: int
    used_bytes: int
    watts: float | None


def read_gpus() -> list[GpuReading]:
    """The GPUs that this worker may use, as `nvidia-smi` tells; none where there is no such program."""
    program = shutil.which("nvidia-smi")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if program is None or visible == "":
        return []
    chosen = [f"--id={visible}"] if visible else []
    asked = [program, f"--query-gpu={COLUMNS}", "--format=csv,noheader,nounits", *chosen]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return []
    return read_table(done.stdout) if done.returncode == 0 else []


def read_table(text: str) -> list[GpuReading]:
    """The lines of `nvidia-smi`: name, MiB in all, MiB used, watts; any other line is left out."""
    found = []
    for line in text.splitlines():
        name, *figures = [part.strip() for part in line.rsplit(",", 3)]
        numbers = [_number(figure) for figure in figures]
        if len(numbers) == 3 and numbers[0] is not None and numbers[1] is not None:
            total, used = (int(number) * MEBIBYTE for number in (numbers[0], numbers[1]))
            found.append(GpuReading(name, total, used, numbers[2]))
    return found


def this_hardware() -> dict[str, Any]:
    """Processor, cores, memory and GPUs of this host, for the run card."""
    gpus = [{"name": gpu.name, "memory_bytes": gpu.total_bytes} for gpu in read_gpus()]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "machine": platform.machine(),
        "processor": _processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "gpus": gpus,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # "[N/A]"
        return None
