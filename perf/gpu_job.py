"""One stage of training through the project's own entry, watched from within its process.

python perf/gpu_job.py SPEC.json WATCHED.json [CALL]

Runs `training.job` of whatever checkout PYTHONPATH names, events on standard output as ever. WATCHED.json
holds the peaks of memory (bytes), a sample a second, the seconds of every call that drew rollouts, and where
the main thread was while it trained: the share of samples with each function on the stack. With CALL, four
micro-batches from that one on (0 is the first) are profiled: the kernels that took longest.
"""

import json
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAUSE = 0.05  # seconds between two looks
EACH = 20  # looks to a sample of memory
SHOWN = 80  # functions
PROFILED = 4  # micro-batches
TRAINING = "trainer.py:training_step"
PAGE = resource.getpagesize()


class Watch:
    """Looks at this process from a thread; writes what it saw every second: a killed stage leaves it."""

    def __init__(self, path: Path) -> None:
        self.drawing: list[float] = []
        self.kernels: list[tuple[str, float, int]] = []
        self._path = path
        self._samples: list[tuple[float, int, int, int]] = []
        self._places: Counter[str] = Counter()
        self._main = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking, and write the last of it."""
        self._over.set()
        self._thread.join()
        self._write()

    def _write(self) -> None:
        seen = {
            "peak_resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            **_device_peaks(),
            "drawing": self.drawing,
            "kernels": self.kernels,
            "places": self._shares(),
            "samples": self._samples,
        }
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(seen))
        part.rename(self._path)

    def _sample(self) -> None:
        looks = 0
        while not self._over.wait(PAUSE):
            looks += 1
            self._look()
            if looks % EACH == 0:
                resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
                self._samples.append((round(time.time(), 2), resident, *_allocated()))
                self._write()

    def _look(self) -> None:
        frame, stack = sys._current_frames().get(self._main), set()
        while frame is not None:
            stack.add(f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}")
            frame = frame.f_back
        if TRAINING in stack or any(place.endswith(":get_batch_samples") for place in stack):
            self._places.update({"all": 1, **dict.fromkeys(stack, 1)})

    def _shares(self) -> dict[str, float]:
        whole = self._places["all"] or 1
        return {place: round(count / whole, 3) for place, count in self._places.most_common(SHOWN)}


def _torch() -> Any:
    """The library once the job has brought it and its GPU, else None."""
    torch = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    return torch if cuda is not None and hasattr(cuda, "is_initialized") and cuda.is_initialized() else None


def _allocated() -> tuple[int, int]:
    if torch := _torch():
        return torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()
    return 0, 0


def _device_peaks() -> dict[str, int]:
    if torch := _torch():
        return {
            "peak_allocated": torch.cuda.max_memory_allocated(),
            "peak_reserved": torch.cuda.max_memory_reserved(),
        }
    return {}


def _timed(call: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def wrapped(*given: Any, **named: Any) -> Any:
        begun = time.monotonic()
        made = call(*given, **named)
        if torch := _torch():
            torch.cuda.synchronize()
        seconds.append(round(time.monotonic() - begun, 3))
        return made

    return wrapped


def _profiled(
    call: Callable[..., Any], first: int, kernels: list[tuple[str, float, int]]
) -> Callable[..., Any]:
    """Profile some of the calls; `kernels` is filled with name, milliseconds and count of the longest."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    activity = ProfilerActivity.CUDA if torch.cuda.is_available() else ProfilerActivity.CPU
    made, profiler = 0, profile(activities=[activity])

    def wrapped(*given: Any, **named: Any) -> Any:
        nonlocal made
        if made == first:
            profiler.start()
        result = call(*given, **named)
        made += 1
        if made == first + PROFILED:
            profiler.stop()
            rows = [
                (
                    row.key[:120],
                    round((row.self_device_time_total or row.self_cpu_time_total) / 1000, 2),
                    row.count,
                )
                for row in profiler.key_averages()
            ]
            kernels.extend(sorted(rows, key=lambda row: -row[1])[:SHOWN])
        return result

    return wrapped


def main(spec: Path, watched: Path, first: int | None = None) -> int:
    from training.job.__main__ import main as job

    watch = Watch(watched)
    if first is not None:
        from transformers import Trainer

        whole: Any = Trainer
        whole.training_step = _profiled(whole.training_step, first, watch.kernels)
    if json.loads(spec.read_text())["stage"] == "gba":
        from training.job.gba_trainer import GbaTrainer

        trainer: Any = GbaTrainer
        trainer._generate = _timed(trainer._generate, watch.drawing)
    status = job([str(spec)])
    watch.stop()
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *(int(given) for given in sys.argv[3:])))
