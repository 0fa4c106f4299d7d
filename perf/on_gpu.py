"""DSA, GBA and merge at the size of Qwen2.5-VL-7B on one GPU: step time, tokens/s, share of the peak, memory.

python perf/on_gpu.py [--shape 7b|3b|tiny] [--layers N] [--stages dsa gba merge merge_full] [--steps N]

Builds a randomly initialised bf16 folder in Hub form and a release with pictures, then runs every stage
through `python -m training.job`'s entry with a specification that would be the same on a CPU: `--shape tiny`
tries all of it there in a minute. Step times are those between the job's own events. What cannot be run is
recorded with the message it ended with. Prints a line a stage and writes perf/results/NAME.json. Shares are
of the matrix rate measured first, by the operations that perf/gpu_flops.py counts.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import gpu_flops
import torch
from gpu_model import SHAPES, Shape, build, configuration, write_adapter, write_release, write_sibling
from table import machine

HERE = Path(__file__).resolve().parent
STAGES = ("dsa", "gba", "merge", "merge_full")
PACKAGES = ("torch", "torchvision", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")
SHEET = {"H100": 989.4, "H200": 989.4, "A100": 312.0}  # dense bf16 TFLOP/s as the makers state them
WARM = 1  # steps left out of the step time: the first one warms up
EXPERTS = 4


class Bench:
    """A folder with base and release, and the runs in it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.shape: Shape = SHAPES[options.shape].cut(options.layers)
        self.is_small = options.shape == "tiny"
        self.rank = 8 if self.is_small else 128
        self.work: Path = options.work or Path(tempfile.mkdtemp(prefix="on-gpu-"))
        self.base = self.work / f"base-{options.shape}-{self.shape.layers}"
        self.data = self.work / f"data-{options.shape}"

    def prepare(self) -> dict[str, float]:
        """Build what is missing; seconds by part."""
        seconds = {}
        for folder, make in ((self.base, self._model), (self.data, self._release)):
            begun = time.monotonic()
            if not folder.exists():
                make(folder)
            seconds[folder.name.split("-")[0]] = round(time.monotonic() - begun, 1)
        return seconds

    def experts(self, count: int) -> list[str]:
        """So many adapters of the base; built once."""
        folders = [self.work / f"expert-{self.base.name}-{number}" for number in range(count)]
        for number, folder in enumerate(folders):
            if not folder.exists():
                write_adapter(folder, self.base, self.rank, number)
        return [str(folder) for folder in folders]

    def spec(self, stage: str) -> dict[str, Any]:
        """The stage's specification: nothing in it tells GPU from CPU."""
        # One that is stopped before its last step publishes nothing.
        name, steps = stage.split("_", maxsplit=1)[0], self.options.steps + 2 * self.options.unpublished
        rank = {"lora_r": self.rank, "lora_alpha": 2 * self.rank, "checkpoint_every": 1000}
        asked: dict[str, Any] = {
            "stage": name,
            "base": str(self.base),
            "out": str(self.work / f"out-{stage}"),
        }
        if name == "dsa":
            batch = {"batch": 4, "micro_batch": 2} if self.is_small else {}
            asked |= {"data": str(self.data), "specialty": "adult_medicine"}
            return asked | {"settings": {**rank, **batch, "max_steps": steps, "epochs": 100}}
        if name == "gba":
            batch = {"samples_per_step": 1, "micro_batch": 4} if self.is_small else {}
            length = {"max_new_tokens": self.options.new_tokens, "max_steps": steps}
            asked |= {"data": str(self.data), "experts": self.experts(self.options.gba_experts)}
            return asked | {"settings": {**rank, **batch, **length, "epochs": 100}}
        full = [str(self._sibling())] if stage == "merge_full" else []
        return asked | {"experts": [*self.experts(EXPERTS - len(full)), *full], "settings": {}}

    def _model(self, folder: Path) -> None:
        build(folder, self.shape)

    def _release(self, folder: Path) -> None:
        write_release(folder, self.shape, 16 if self.is_small else 48)

    def _sibling(self) -> Path:
        folder = self.work / f"sibling-{self.base.name}"
        if not folder.exists():
            write_sibling(folder, self.base, 1)
        return folder


def run(bench: Bench, stage: str) -> dict[str, Any]:
    """Run one stage in a process of its own; what it said and what was seen of it."""
    spec, watched = bench.work / f"{stage}.json", bench.work / f"{stage}.watched.json"
    watched.unlink(missing_ok=True)
    asked = bench.spec(stage)
    shutil.rmtree(asked["out"], ignore_errors=True)
    spec.write_text(json.dumps(asked, indent=1))
    torch.cuda.empty_cache()  # what measuring and building left with this process is not the stage's
    log = bench.work / f"{stage}.log"
    begun = time.time()
    events = []
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, HERE / "gpu_job.py", spec, watched, *map(str, bench.options.profile)],
            stdout=subprocess.PIPE, stderr=errors, text=True,
            env={**os.environ, "PYTHONPATH": _path(bench.options.checkout), "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
        assert process.stdout is not None
        limit = threading.Timer(bench.options.limit, process.kill)
        limit.start()
        for line in process.stdout:
            events.append({"at": round(time.time() - begun, 2), **json.loads(line)})
            if (
                bench.options.unpublished
                and not stage.startswith("merge")
                and (events[-1].get("step") == bench.options.steps - 1)
            ):
                process.send_signal(
                    signal.SIGTERM
                )  # the job saves after the next step, and publishes nothing
        status = process.wait()
        limit.cancel()
    seen = json.loads(watched.read_text()) if watched.exists() else {}
    for sample in seen.get("samples", ()):
        sample[0] = round(sample[0] - begun, 1)
    return {
        "stage": stage, "status": status, "seconds": round(time.time() - begun, 1), "spec": asked,
        "events": events, "history": _history(Path(asked["out"])), **seen,
        "log": log.read_text()[-4000:],
    }  # fmt: skip


def figures(bench: Bench, ran: dict[str, Any], peak: dict[str, float]) -> dict[str, Any]:
    """What the stage's events come to. Shares are of the peak measured here."""
    at = {event["event"]: event["at"] for event in reversed(ran["events"])}
    steps = [event["at"] for event in ran["events"] if event["event"] == "step"]
    between = [two - one for one, two in pairwise(steps)]
    found: dict[str, Any] = {
        "status": ran["status"],
        "seconds": ran["seconds"],
        "load_s": at.get("start"),
        "steps": len(steps),
        "first_step_s": round(steps[0] - at["start"], 2) if steps and "start" in at else None,
        "publish_s": round(at["done"] - steps[-1], 1) if steps and "done" in at else None,
        **{
            f"{name}_gib": _gib(ran.get(name))
            for name in ("peak_allocated", "peak_reserved", "peak_resident")
        },
    }
    if ran["status"] not in (0, 3):
        found["failed"] = [event.get("message") for event in ran["events"] if event["event"] == "failed"]
        found["log"] = ran["log"][-1500:]
    stage = ran["stage"]
    if stage in ("dsa", "gba") and len(between) > WARM:
        found["step_s"] = round(median(between[WARM - 1 :]), 3)
        found |= _training(bench, stage, ran, found["step_s"], peak)
    elif steps:
        found["step_s"] = round((steps[-1] - at["start"]) / len(steps), 3)
    return found


def _training(
    bench: Bench, stage: str, ran: dict[str, Any], step: float, peak: dict[str, float]
) -> dict[str, Any]:
    settings = ran["spec"]["settings"]
    whole = [entry["num_tokens"] for entry in ran["history"] if "num_tokens" in entry]
    if not whole:
        return {}
    tokens = whole[-1] / len(whole)
    if stage == "dsa":
        texts = settings.get("batch", 16)
        replies = texts * _reply_tokens(bench)
    else:
        texts = 4 * 2 * settings.get("samples_per_step", 4)
        lengths = [entry["completions/mean_length"] for entry in ran["history"] if "num_tokens" in entry]
        replies = texts * sum(lengths) / len(lengths)
    work = gpu_flops.Work(texts, tokens, replies, texts * _patches(bench))
    size = gpu_flops.sizes(configuration(bench.shape), bench.rank)
    asked = gpu_flops.dsa(size, work) if stage == "dsa" else gpu_flops.gba(size, work)
    reached = asked["model"] / step / 1e12
    made = {
        "texts": texts, "tokens": round(tokens), "reply_tokens": round(replies),
        "patches": round(work.patches),
        "tokens_per_s": round(tokens / step, 1), "model_tflop": round(asked["model"] / 1e12, 2),
        "tflops": round(reached, 2), "share_of_measured_peak": round(reached / peak["tflops"], 4),
        "busy_share": round((asked["model"] + asked["again"]) / step / 1e12 / peak["tflops"], 4),
    }  # fmt: skip
    if sheet := peak.get("sheet_tflops"):
        made["share_of_sheet_peak"] = round(reached / sheet, 4)
    if drawn := ran.get("drawing"):
        draw = median(drawn[WARM:] or drawn)
        learn = (asked["model"] - asked["drawing"]) / (step - draw) / 1e12
        made |= {
            "drawing_s": draw,
            "drawn_tokens_per_s": round(replies / draw, 1),
            "ms_per_drawn_token": round(draw / (replies / texts) * 1000, 1),
            "learning_share_of_measured_peak": round(learn / peak["tflops"], 4),
        }
    return made


def _reply_tokens(bench: Bench) -> float:
    from training.job import data
    from training.job.models import load_processor

    tokenizer = load_processor(bench.base).tokenizer
    lengths = [len(tokenizer(sample.reply)["input_ids"]) + 2 for sample in data.load(bench.data)]
    return sum(lengths) / len(lengths)


def _patches(bench: Bench) -> float:
    """Patches of one picture after the processor has brought its sides to multiples of 28."""
    return float((round(bench.shape.side / 28) * 2) ** 2)


def _history(out: Path) -> list[dict[str, Any]]:
    states = sorted((out / "checkpoints").glob("step-*/trainer_state.json"))
    history: list[dict[str, Any]] = json.loads(states[-1].read_text())["log_history"] if states else []
    return history


def card() -> dict[str, Any]:
    """The GPU, how fast it multiplies 8192 x 8192 bf16 matrices of random numbers, how fast it copies."""
    if not torch.cuda.is_available():
        one = torch.randn(1024, 1024)
        return {"name": "none", "tflops": _tflops(one, one)}
    one, two = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    name = torch.cuda.get_device_name()
    block = torch.empty(1 << 32, dtype=torch.uint8, device="cuda")
    copied = _seconds(block.clone)
    found: dict[str, Any] = {
        "name": name, "tflops": _tflops(one, two),
        "copy_tb_per_s": round(2 * block.numel() / copied / 1e12, 2),
        "memory_gib": _gib(torch.cuda.mem_get_info()[1]), "cuda": torch.version.cuda,
        "driver": _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
    }  # fmt: skip
    sheet = [rate for part, rate in SHEET.items() if part in name]
    return {**found, "sheet_tflops": sheet[0]} if sheet else found


def _tflops(one: torch.Tensor, two: torch.Tensor) -> float:
    return round(2 * one.shape[0] ** 3 / _seconds(lambda: one @ two) / 1e12, 3)


def _seconds(work: Any, times: int = 10) -> float:
    def wait() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    for _ in range(3):
        work()
    wait()
    begun = time.perf_counter()
    for _ in range(times):
        work()
    wait()
    return (time.perf_counter() - begun) / times


def versions() -> dict[str, str]:
    """Of the packages a stage uses; 'none' where one is missing."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def _path(checkout: Path) -> str:
    return os.pathsep.join([str(checkout.resolve()), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])


def _output(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout.strip()


def _gib(count: int | None) -> float | None:
    return None if count is None else round(count / 2**30, 2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="7b")
    parser.add_argument("--layers", type=int, default=0, help="cut the language model to so many layers")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--steps", type=int, default=6, help="optimizer steps of DSA and GBA")
    parser.add_argument("--new-tokens", type=int, default=128, help="of a rollout: random weights never stop")
    parser.add_argument("--gba-experts", type=int, default=2, help="adapters that GBA starts from")
    parser.add_argument("--unpublished", action="store_true", help="stop after the steps with SIGTERM")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which a stage is killed")
    parser.add_argument(
        "--profile", type=int, nargs=1, default=[], help="first of four micro-batches to profile"
    )
    parser.add_argument("--work", type=Path, help="folder to work in; base and release in it are used again")
    parser.add_argument("--checkout", type=Path, default=HERE.parent, help="whose `training` is measured")
    parser.add_argument("--name", default="on-gpu", help="of the file in perf/results/")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    return parser.parse_args()


def main() -> int:
    options = _options()
    bench = Bench(options)
    peak = card()
    kept: dict[str, Any] = {
        "shape": options.shape, "layers": bench.shape.layers, "machine": machine(), "card": peak,
        "versions": versions(), "prepared_s": bench.prepare(), "figures": {}, "runs": [],
    }  # fmt: skip
    print(json.dumps({key: kept[key] for key in ("card", "versions", "prepared_s")}), flush=True)
    options.results.mkdir(parents=True, exist_ok=True)
    for stage in options.stages:
        ran = run(bench, stage)
        kept["runs"].append(ran)
        kept["figures"][stage] = figures(bench, ran, peak)
        print(json.dumps({"stage": stage, **kept["figures"][stage]}), flush=True)
        (options.results / f"{options.name}.json").write_text(json.dumps(kept, indent=1) + "\n")
        shutil.rmtree(ran["spec"]["out"])  # models of this size fill the disk
    if not options.work:
        shutil.rmtree(bench.work)
    return int(any(found["status"] not in (0, 3) for found in kept["figures"].values()))


if __name__ == "__main__":
    sys.exit(main())
