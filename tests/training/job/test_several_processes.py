"""Two processes train what one trains; they speak, write and stop as one."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from tests.training.job.conftest import dsa_spec, gba_spec
from tests.training.job.process import Event, at, run_module, run_stage, standard
from tests.training.job.warm import ENVIRONMENT
from training.demo_models.teaching_set import demo_settings
from training.job import ranks
from training.job.files import weights_digest
from training.job.spec import SpecError
from training.job.train import split_batch

# Of numbers that a step of Adam moves by up to the learning rate, 1e-3: sums come in another order.
TOLERANCE = 1e-5
TOGETHER = "tests.training.job.together"
PAIR = ("training.job.processes", "2", "{spec}")


def dsa_of(bench: Path, name: str, **settings: Any) -> dict[str, Any]:
    """Without dropout: its masks are drawn by each process."""
    quick = {"lora_dropout": 0.0, "learning_rate": 1e-3, "max_steps": 12, "checkpoint_every": 5}
    return dsa_spec(bench, name, **quick, batch=8, micro_batch=4, **settings)


def gba_of(bench: Path, name: str) -> dict[str, Any]:
    quick = demo_settings()["gba"] | {"max_steps": 2, "micro_batch": 16, "max_new_tokens": 12}
    return gba_spec(bench, name, bench, **quick) | {"experts": []}


def write(*specs: dict[str, Any]) -> list[str]:
    paths = [Path(spec["out"]).with_suffix(".json") for spec in specs]
    for path, spec in zip(paths, specs, strict=True):
        path.write_text(json.dumps(spec))
    return [str(path) for path in paths]


def torchrun(*specs: dict[str, Any]) -> list[Event]:
    """The events of both processes, which have all ended well."""
    command = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", TOGETHER]
    done = subprocess.run(
        [sys.executable, "-m", *command, *write(*specs)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "process 0 of 2 ended with 0" in done.stderr
    assert "process 1 of 2 ended with 0" in done.stderr
    return [standard(line) for line in done.stdout.split("\n") if line]


def largest_difference(one: dict[str, Any], two: dict[str, Any], adapter: str) -> float:
    first, second = (
        load_file(Path(spec["out"]) / adapter / "adapter_model.safetensors") for spec in (one, two)
    )
    assert first.keys() == second.keys()
    assert max(float(value.abs().max()) for name, value in first.items() if "lora_B" in name) > 10 * TOLERANCE
    return max(float((value - second[name]).abs().max()) for name, value in first.items())


def test_two_processes_stop_and_train_as_one(bench: Path) -> None:
    """SIGTERM after a few steps, then torchrun to the end, then GBA: within a tolerance what one makes."""
    alone = dsa_of(bench, "alone"), gba_of(bench, "alone_gba")
    together = dsa_of(bench, "together"), gba_of(bench, "together_gba")
    single = run_module(TOGETHER, *write(*alone))
    assert single.returncode == 0, single.stderr

    events, status = run_stage(together[0], at("step", 3), signal.SIGTERM, command=PAIR)
    assert (status, events[-1]["event"]) == (3, "stopped")
    assert [event["event"] for event in events].count("checkpoint") == 1
    stopped = events[-1]["step"]

    events = torchrun(*together)
    names = [event["event"] for event in events]
    assert names.count("done") == names.count("start") == 2  # of two stages; rank 0 alone speaks
    assert events[0] == {"event": "start", "total_steps": 12, "resumed_from": stopped}
    for one, two, adapter in zip(alone, together, ("adapter", "adapter_on_start"), strict=True):
        assert largest_difference(one, two, adapter) <= TOLERANCE
        out = Path(two["out"])
        card = json.loads((out / "run_card.json").read_text())
        assert card["processes"] == 2
        assert card["artifacts"]["digest"] == weights_digest(out / "model")
        assert {path.name for path in out.iterdir()} == {path.name for path in Path(one["out"]).iterdir()}


def test_a_refusal_of_two_processes_has_its_own_status(bench: Path) -> None:
    events, status = run_stage(dsa_of(bench, "refused_pair") | {"base": str(bench / "data")}, command=PAIR)
    assert status == 2
    assert {event["event"] for event in events} == {"failed"}
    assert events[0]["message"].startswith("base: the folder holds no model")


@pytest.mark.parametrize(
    ("count", "total", "micro", "expected"),
    [(1, 16, 4, (4, 4)), (2, 16, 4, (4, 2)), (8, 16, 4, (2, 1)), (3, 12, 3, (2, 2)), (2, 2, 8, (1, 1))],
)
def test_what_a_step_takes_is_shared(
    monkeypatch: pytest.MonkeyPatch, count: int, total: int, micro: int, expected: tuple[int, int]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", str(count))
    assert ranks.share(total, micro) == expected
    assert count * expected[0] * expected[1] == total
    with pytest.raises(SpecError, match=rf"evenly, but \d+ is no multiple of the {count} processes"):
        split_batch(count + 1 if count > 1 else 0, 1)


@pytest.mark.parametrize("arguments", [[], ["2"], ["0", "spec.json"], ["two", "spec.json"]])
def test_how_to_call_it_is_said(arguments: list[str]) -> None:
    done = run_module("training.job.processes", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m training.job.processes COUNT SPEC.json" in done.stderr
