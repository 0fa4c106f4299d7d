"""What a process takes, read from outside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from consilium.hardware import read_gpus, read_table, this_hardware
from training.meter import Meter

TABLE = """NVIDIA H100 80GB HBM3, 81559, 40960, 431.25
NVIDIA A2, special, 15356, 512, [N/A]
nonsense
"""


def test_a_table_of_gpus_is_read_line_by_line() -> None:
    first, second = read_table(TABLE)
    assert (first.name, first.total_bytes, first.used_bytes) == (
        "NVIDIA H100 80GB HBM3",
        81559 << 20,
        40960 << 20,
    )
    assert first.watts == 431.25
    assert (second.name, second.watts) == ("NVIDIA A2, special", None)


def test_the_memory_of_a_process_and_its_children_is_counted_at_its_highest() -> None:
    program = (
        "import sys; held = bytearray(64 << 20); held[::4096] = b'x' * len(held[::4096]);"
        " print(1, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        meter = Meter(os.getpid())
        assert meter.read()
        assert not meter.read(), "it looks again only after a while"
        child.stdin.close()
    assert meter.memory_bytes > 64 << 20
    gone = Meter(child.pid)
    assert gone.read()
    assert gone.memory_bytes == 0


def test_energy_is_power_over_time_of_the_gpus_that_the_worker_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\necho 'Card, 1000, 100, 200'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
    clock = [100.0]
    monkeypatch.setattr("training.meter.time.monotonic", lambda: clock[0])
    meter = Meter(os.getpid())
    meter.read()
    assert meter.joules == 0.0
    clock[0] += 3
    meter.read()
    assert (meter.joules, meter.gpu_bytes) == (600.0, 100 << 20)
    assert "--id=1,3" in (tmp_path / "asked").read_text()
    assert this_hardware()["gpus"] == [{"name": "Card", "memory_bytes": 1000 << 20}]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert read_gpus() == []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    program.write_text("#!/bin/sh\nexit 9\n")
    assert read_gpus() == []
