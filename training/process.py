"""The training process of one run: started with a bare environment, read line by line, never left behind."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from django.conf import settings

from consilium.hardware import read_gpus
from consilium.inference import model_server
from consilium.processes import tied_to_parent
from training.grace import Grace
from training.job.numbers import standard_json

READER_SECONDS = 5.0
JOB = "training.job"
# CC, CUDA_HOME: kernels are compiled at the first step.
KEPT = (
    *("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "TMPDIR"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "CC", "PYTORCH_ALLOC_CONF"),
)


class TrainingProcess:
    """The training job on a specification, in its own process group; leaving the context ends it.

    On a GPU this worker's model servers end first; they start again when something is asked, also by the run.
    """

    def __init__(self, spec: Path, lock: int) -> None:
        self._spec, self._lock = spec, lock
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._grace = Grace()

    def __enter__(self) -> "TrainingProcess":
        if read_gpus():
            model_server.stop()  # what this worker served lies where training needs the room
        log = (self._spec.parent / "process.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                # From the first moment on: before the process can ask for it itself, its worker may be gone.
                tied_to_parent(command(self._spec), signal.SIGTERM),
                cwd=settings.BASE_DIR,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                pass_fds=(self._lock,),
                text=True,
            )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()
        self._reader.join(READER_SECONDS)
        assert self._process.stdout is not None
        if not self._reader.is_alive():
            self._process.stdout.close()

    def events(self, idle: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """Every event the process writes; `idle` is called about once a second and may raise to stop.

        Raises NotFinite for an event with NaN or infinity, which neither JSON nor the database has.
        """
        while True:
            try:
                line = self._lines.get(timeout=1.0)
            except queue.Empty:
                idle()
                continue
            if line is None:
                return
            event = _event(line)
            if event is not None:
                self._grace.note(event["event"])
                yield event

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def wait(self) -> int:
        """The exit status."""
        return self._process.wait()

    def stop(self) -> None:
        """Ask it to save and stop; when its grace is over, which follows its steps, end the whole group."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(self._grace.seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(None)


def command(spec: Path) -> list[str]:
    """The command line of the job: by the interpreter, and the launcher, of CONSILIUM_TRAINER.

    Without a launcher there, one process for each GPU of this worker's set.
    """
    interpreter, *launcher = settings.TRAINER or [sys.executable]
    processes = len(settings.GPU_SET.devices) if settings.GPU_SET else 1
    if launcher:
        return [interpreter, *launcher, "-m", JOB, str(spec)]
    if processes > 1:
        return [interpreter, "-m", f"{JOB}.processes", str(processes), str(spec)]
    return [interpreter, "-m", JOB, str(spec)]


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = standard_json(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def _environment() -> dict[str, str]:
    """No database or Hub credentials reach the process."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    home = str(Path(settings.CONSILIUM_HOME) / "training-home")
    return {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": home, "HOME": home, **kept}
