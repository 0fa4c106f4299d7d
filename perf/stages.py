"""A stage of training through the app beside bare TRL: `python perf/stages.py` prints JSON lines.

python perf/stages.py [--stages dsa gba] [--steps N] [--repeats N]

The app's side is what a worker does with a job row: checks, a training process, every event stored, the
model registered. Beside it a script of its own calls TRL's trainer on the same rows with the same arguments,
saves as often, and writes the adapter. They take turns, and take turns at being first. A line tells of every
repeat seconds and CPU seconds (of all processes) of the steps after the first, and seconds of what comes
before and after; at the end the mean ratio of the steps, and the upper end of its interval (paired,
one-sided, 95 %). The model is tiny, so that whatever the app adds to a step shows.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from in_process import installation
from processes import ROOT, cpu_seconds

BARE = Path(__file__).resolve().with_name("bare_stage.py")
BUILD = """
import sys
from pathlib import Path
from training.demo_models import corpus, model, teaching_set
processor = model.build_processor(corpus.vocabulary(teaching_set.make(40, seed=0)))
model.save(model.build_model(processor, 0), processor, Path(sys.argv[1]))
"""
ROWS = 64
SETTINGS: dict[str, dict[str, Any]] = {
    "dsa": {"batch": 8, "micro_batch": 8, "epochs": 100, "lora_dropout": 0.05},
    "gba": {"samples_per_step": 2, "micro_batch": 16, "max_new_tokens": 24, "epochs": 100},
}
SHARED = {"lora_r": 8, "lora_alpha": 16, "max_pixels": 12_544, "learning_rate": 1e-3, "checkpoint_every": 25}
# Of Student's t, one-sided 95 %, by degrees of freedom; beyond them that of the last is a little too large.
T95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812)


@dataclass(slots=True)
class Clock:
    """When steps were told, in seconds and in CPU seconds of everything that worked for them."""

    begun: float = field(default_factory=time.monotonic)
    steps: list[tuple[float, float]] = field(default_factory=list)

    def step(self, pid: int) -> None:
        """A process has told that a step is over."""
        self.steps.append((time.monotonic(), cpu_seconds(pid) + time.process_time()))

    def figures(self) -> dict[str, float]:
        """Of the steps after the first, and what came before and after."""
        (first, cpu_first), (last, cpu_last) = self.steps[0], self.steps[-1]
        seconds = {"steps_s": last - first, "steps_cpu_s": cpu_last - cpu_first}
        around = {"before_s": first - self.begun, "after_s": time.monotonic() - last}
        return {name: round(value, 3) for name, value in (seconds | around).items()}


class App:
    """An installation with a study, a release and a tiny base."""

    def __init__(self) -> None:
        from django.conf import settings

        from tests.factories import training as making
        from tests.factories.cast import make_cast

        cast = make_cast()
        self.study, self.lead = cast.study, cast.lena
        self.release = making.trace_release(self.study, self.lead, count=ROWS)
        self.folder = Path(settings.MODELS_FOLDER) / making.BASE
        subprocess.run([sys.executable, "-c", BUILD, str(self.folder)], cwd=ROOT, check=True)
        self.base = making.base_endpoint()
        self.last_spec = Path()

    def run(self, stage: str, given: dict[str, Any]) -> dict[str, float]:
        """One run, as a worker does it."""
        from consilium.jobs.run import run_now
        from training import run_folder
        from training.launch import launch

        specialty = "pediatrics" if stage == "dsa" else ""
        inputs = [] if stage == "dsa" else [self._expert()]
        run = launch(
            study=self.study, stage=stage, base=self.base, by=self.lead, release=self.release,
            specialty=specialty, inputs=inputs, settings=given,
        )  # fmt: skip
        clock = Clock()
        with told_steps(clock):
            job = run_now(run.job)
        if job.state != "succeeded":
            raise SystemExit(f"{stage} ended {job.state}: {job.error}")
        self.last_spec = run_folder.folder(run) / "asked.json"
        return clock.figures()

    def _expert(self) -> Any:
        from training.models import Run, Stage

        found = Run.objects.filter(stage=Stage.DSA, job__state="succeeded").first()
        if found is None:
            self.run("dsa", SHARED | SETTINGS["dsa"] | {"max_steps": 4})
            return self._expert()
        return found


@contextmanager
def told_steps(clock: Clock) -> Iterator[None]:
    """Have the clock see what a training process tells, when the worker gets it."""
    from training.process import TrainingProcess

    usual = TrainingProcess.events

    def events(process: Any, idle: Callable[[], None]) -> Iterator[dict[str, Any]]:
        for event in usual(process, idle):
            yield event
            if event["event"] == "step":  # the worker has stored it
                clock.step(process.pid)

    setattr(TrainingProcess, "events", events)  # noqa: B010
    yield
    setattr(TrainingProcess, "events", usual)  # noqa: B010


def bare(spec: Path) -> dict[str, float]:
    """TRL alone, on what the app's run was given."""
    clock = Clock()
    with subprocess.Popen(
        [sys.executable, BARE, spec],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("step"):
                clock.step(process.pid)
    if process.returncode:
        raise SystemExit(f"bare TRL failed with {process.returncode}")
    return clock.figures()


def upper_bound(ratios: list[float]) -> float:
    """Upper end of the interval of the mean ratio, by its logarithms; the ratio itself where there is one."""
    logs = [math.log(ratio) for ratio in ratios]
    if len(logs) < 2:
        return ratios[0]
    t = T95[min(len(logs) - 1, len(T95)) - 1]
    return math.exp(mean(logs) + t * stdev(logs) / math.sqrt(len(logs)))


def measure(app: App, stage: str, steps: int, repeats: int) -> Iterator[dict[str, Any]]:
    """The lines of one stage."""
    given = SHARED | SETTINGS[stage] | {"max_steps": steps}
    app.run(stage, given | {"max_steps": 2})  # caches are warm, and the bare side has a specification
    spec = app.folder.parent / f"{stage}.json"
    asked = json.loads(app.last_spec.read_text())
    asked["settings"]["max_steps"] = steps
    pairs = []
    for number in range(repeats):
        asked["out"] = str(app.folder.parent / f"bare-{stage}-{number}")
        spec.write_text(json.dumps(asked))
        sides: dict[str, Callable[[], dict[str, float]]] = {
            "consilium": lambda: app.run(stage, given),
            "trl": lambda: bare(spec),
        }
        order = list(sides) if number % 2 else list(sides)[::-1]
        pairs.append({side: sides[side]() for side in order})
        yield {"stage": stage, "repeat": number, **pairs[-1]}
    for figure in ("steps_s", "steps_cpu_s"):
        ratios = [pair["consilium"][figure] / pair["trl"][figure] for pair in pairs]
        yield {
            "stage": stage, "measure": figure, "steps": steps, "repeats": repeats,
            "ratio": round(math.exp(mean(map(math.log, ratios))), 4), "upper": round(upper_bound(ratios), 4),
        }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--stages", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=5, help="pairs of runs a stage")
    options = parser.parse_args()
    with installation():
        app = App()
        for stage in options.stages:
            for line in measure(app, stage, options.steps, options.repeats):
                print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
