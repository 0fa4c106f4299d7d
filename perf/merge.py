"""TIES of five full models in bf16: `python perf/merge.py [--shapes 100m 1b] [--work DIR]` prints JSON lines.

Random weights in the shape of Qwen2.5-VL are written block by block, a base and five models that differ from
it everywhere. Each shape is merged by the stage's own process; its lines tell seconds, CPU seconds, the
highest memory (GiB) and what it read (GiB), hashes of all that it read and wrote included. Shapes of at most
200 million weights are merged once more by a dense reference: flat float32 vectors and torch.topk, without
hashes, checks or a report. Both compute on one thread.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import torch
from gpu_model import EXPERT_DEVIATION, SHAPES, Shape, configuration

from training.job.deltas import parameters
from training.job.stored_tensors import StoredTensor, blocks_of, stored_tensors, tensor_file

HERE = Path(__file__).resolve().parent
MODELS = 5
SHARD = 1 << 28  # weights to a file
MOST_DENSE = 200_000_000
DENSITY = 0.2
WEIGHTS = "model.safetensors"
PICTURES = (32, 64, 2, 2, 112, 3)  # of the vision tower, which is small here
MERGED_SHAPES = {
    "tiny": SHAPES["tiny"],
    "100m": Shape(640, 2560, 12, 10, 2, (8, 12, 12), 32000, 32768, *PICTURES),
    "1b": Shape(1536, 6144, 24, 12, 2, (16, 24, 24), 65000, 65536, *PICTURES),
}


def build(work: Path, shape: Shape) -> int:
    """Write `base` and `model-1` ... below `work`; how many weights each has."""
    from transformers import AutoModelForImageTextToText

    factory: Any = AutoModelForImageTextToText
    config = configuration(shape)
    config.dtype = "bfloat16"
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in parameters(factory.from_config(config)).items()}
    folders = [work / name for name in ("base", *(f"model-{number}" for number in range(1, MODELS + 1)))]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        config.save_pretrained(folder)
        write_shards(folder, shapes, folders[0] if number else None, number)
    return sum(size.numel() for size in shapes.values())


def write_shards(folder: Path, shapes: dict[str, torch.Size], base: Path | None, seed: int) -> None:
    """Write random weights: of a base, or of a model that was trained from it."""
    draw = torch.Generator().manual_seed(seed)
    before = tensors_of(base) if base else {}
    placed: dict[str, str] = {}
    for number, names in enumerate(parts(shapes)):
        file = f"model-{number:05d}.safetensors"
        with tensor_file(folder / file, [(name, torch.bfloat16, shapes[name]) for name in names]) as append:
            for name in names:
                deviation = shapes[name][-1] ** -0.5
                for block in blocks_of(shapes[name]):
                    rows = torch.randn((block.stop - block.start, block.width), generator=draw)
                    if name in before:
                        rows = before[name].read(block).float() + EXPERT_DEVIATION * rows
                    append((rows if base else rows * deviation).bfloat16())
        placed |= dict.fromkeys(names, file)
    index = {"metadata": {}, "weight_map": placed}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def parts(shapes: dict[str, torch.Size]) -> Iterator[list[str]]:
    """Names of the tensors of each file."""
    part: list[str] = []
    for name in shapes:
        if part and sum(shapes[one].numel() for one in (*part, name)) > SHARD:
            yield part
            part = []
        part.append(name)
    yield part


def tensors_of(folder: Path) -> dict[str, StoredTensor]:
    """All tensors of a folder by key."""
    found = (tensor for file in sorted(folder.glob("*.safetensors")) for tensor in stored_tensors(file))
    return {tensor.key: tensor for tensor in found}


def watched(*command: str) -> dict[str, Any]:
    """Run a process to its end: seconds, CPU seconds, highest memory and what it read, in GiB."""
    begun, read = time.perf_counter(), 0
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.DEVNULL, stderr=log, cwd=HERE.parent,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        while True:
            read = max(read, bytes_read(process.pid))
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.05)
        log.seek(0)
        if status:
            raise SystemExit(f"{command[0]} failed: {log.read().decode()[-2000:]}")
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_gib": round(used.ru_maxrss / 2**20, 2),
        "read_gib": round(read / 2**30, 2),
    }


def bytes_read(pid: int) -> int:
    """What a process has asked files for so far."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0
    told = dict(line.split(": ") for line in lines)
    return int(told.get("rchar", 0))


def dense(work: Path) -> None:
    """TIES on whole float32 vectors; the result is written as one file."""
    base = flat(work / "base")
    deltas = torch.stack([flat(work / f"model-{number}") - base for number in range(1, MODELS + 1)])
    keep = round(DENSITY * base.numel())
    for delta in deltas:
        limit = delta.abs().topk(keep, sorted=False).values.min()
        delta[delta.abs() < limit] = 0
    signs = deltas.sum(dim=0).sign()
    signs[signs == 0] = signs.sum().sign()
    agree = deltas.sign() == signs
    merged = base + (deltas * agree).sum(dim=0) / (agree & (deltas != 0)).sum(dim=0).clamp(min=1)
    entries = [(tensor.key, torch.bfloat16, tensor.shape) for tensor in tensors_of(work / "base").values()]
    (work / "dense").mkdir()
    with tensor_file(work / "dense" / WEIGHTS, entries) as append:
        append(merged.bfloat16())


def flat(folder: Path) -> torch.Tensor:
    """All weights as one float32 vector."""
    return torch.cat([tensor.whole().flatten().float() for tensor in tensors_of(folder).values()])


def difference(work: Path) -> float:
    """The largest difference between both results, in steps of bf16 of the larger one."""
    ours, theirs = tensors_of(work / "out" / "model"), tensors_of(work / "dense")
    worst = 0.0
    for name, tensor in ours.items():
        for block in blocks_of(tensor.shape):
            one, two = (side[name].read(block).float() for side in (ours, theirs))
            step = torch.maximum(one.abs(), two.abs()) * 2**-7 + 1e-12
            worst = max(worst, float(((one - two).abs() / step).max()))
    return round(worst, 3)


def measure(name: str, work: Path) -> Iterator[dict[str, Any]]:
    """The lines of one shape."""
    shutil.rmtree(work, ignore_errors=True)
    weights = build(work, MERGED_SHAPES[name])
    models = [str(work / f"model-{number}") for number in range(1, MODELS + 1)]
    spec = {"stage": "merge", "base": str(work / "base"), "out": str(work / "out"), "experts": models}
    (work / "spec.json").write_text(json.dumps(spec | {"settings": {"density": DENSITY}}))
    about = {"shape": name, "weights": weights, "models": MODELS}
    stored = sum(file.stat().st_size for file in work.glob("*/*.safetensors")) / 2**30
    yield {
        **about, "subject": "consilium", "stored_gib": round(stored, 2),
        **watched("-m", "training.job", str(work / "spec.json")),
    }  # fmt: skip
    if weights <= MOST_DENSE:
        yield {**about, "subject": "dense", **watched(str(Path(__file__)), "--dense", str(work))}
        yield {**about, "measure": "difference", "steps_of_bf16": difference(work)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shapes", nargs="+", choices=MERGED_SHAPES, default=["100m", "1b"])
    parser.add_argument("--work", type=Path, help="folder to work in; removed afterwards")
    parser.add_argument("--dense", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.dense:
        dense(options.dense)
        return 0
    work = options.work or Path(tempfile.mkdtemp(prefix="merge-"))
    try:
        for name in options.shapes:
            for line in measure(name, work / name):
                print(json.dumps(line), flush=True)
            shutil.rmtree(work / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
