"""The parts of a process: clean events on stdout, SIGTERM, the parent's death."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from training.job.__main__ import FAILED, REFUSED, run_safely
from training.job.files import weights_digest, write_json
from training.job.progress import Progress
from training.job.spec import Spec, SpecError
from training.job.stop_flag import StopFlag

NOISY = """
import os, sys
from training.job.progress import claim_stdout
progress = claim_stdout()
print("a library's greeting")
os.system("echo a child's greeting")
os.write(1, b"raw bytes")
progress.emit("step", step=1, loss=float("nan"), reward=None, lr=0.5)
"""
CHILD = """
import sys, time
from pathlib import Path
from training.job.stop_flag import StopFlag
flag = StopFlag()
flag.install()
Path(sys.argv[1], "ready").touch()
while not flag.wanted:
    time.sleep(0.01)
Path(sys.argv[1], "stopped").touch()
"""
PARENT = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]]).wait()
"""


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)


def test_only_events_reach_stdout() -> None:
    process = subprocess.run([sys.executable, "-c", NOISY], capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in process.stdout.splitlines()] == [
        {"event": "step", "step": 1, "lr": 0.5}
    ]
    assert "a library's greeting" in process.stderr
    assert "raw bytes" in process.stderr


def test_of_several_processes_the_first_speaks_and_others_say_why_they_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = io.StringIO()
    progress, flag = Progress(said), StopFlag()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")

    def fail(error: Exception) -> int:
        def read() -> Spec:
            raise error

        return run_safely(read, progress, flag)

    progress.emit("step", step=1)
    assert fail(SpecError("data: it is empty")) == REFUSED
    assert fail(RuntimeError("[1] Connection closed by peer [127.0.0.1]:9")) == FAILED
    assert fail(MemoryError()) == FAILED
    messages = [json.loads(line)["message"] for line in said.getvalue().split("\n") if line]
    assert messages == [
        "data: it is empty",
        "training ran out of memory; choose a smaller micro_batch, max_pixels or max_new_tokens",
    ]


def test_a_reader_that_left_does_not_stop_the_process() -> None:
    code = NOISY + "import time\nfor _ in range(50): progress.emit('step', step=2)\nprint('still here')"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "still here" in process.stderr.read()


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux only")
def test_a_child_is_stopped_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD, str(tmp_path)]) as parent:
        wait_for(tmp_path / "ready")
        os.kill(parent.pid, signal.SIGKILL)
    wait_for(tmp_path / "stopped")


def test_digest_covers_names_and_bytes_of_weights_only(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"1")
    first = weights_digest(tmp_path)
    write_json(tmp_path / "config.json", {"x": 1})
    assert weights_digest(tmp_path) == first
    (tmp_path / "a.safetensors").rename(tmp_path / "b.safetensors")
    assert weights_digest(tmp_path) != first
