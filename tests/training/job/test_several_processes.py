"""Two processes train what one trains; they speak, write and stop as one."""

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from tests.harness.servers import wait_until
from tests.training.job.conftest import dsa_spec, gba_spec
from tests.training.job.process import Event, at, run_module, run_stage, standard
from tests.training.job.warm import ENVIRONMENT
from training.demo_models.teaching_set import demo_settings
from training.job import processes, ranks
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
    return gba_spec(bench, name, bench, **quick, start_from="base") | {"experts": []}


def write(*specs: dict[str, Any]) -> list[str]:
    paths = [Path(spec["out"]).with_suffix(".json") for spec in specs]
    for path, spec in zip(paths, specs, strict=True):
        path.write_text(json.dumps(spec))
    return [str(path) for path in paths]


def torchrun(*specs: dict[str, Any]) -> list[Event]:
    """The events of both processes; the first stage ends when the second is asked to, after step 3."""
    command = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", TOGETHER, "3"]
    done = subprocess.run(
        [sys.executable, "-m", *command, *write(*specs)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "process 0 of 2 ended with [3, 0, 0]" in done.stderr
    assert "process 1 of 2 ended with [3, 0, 0]" in done.stderr
    return [standard(line) for line in done.stdout.split("\n") if line]


def started_for(spec: dict[str, Any]) -> list[str]:
    """The numbers of the processes that were started with this specification."""
    path, found = str(Path(spec["out"]).with_suffix(".json")).encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended while we looked
            if path in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(entry.name)
    return found


def largest_difference(one: dict[str, Any], two: dict[str, Any]) -> float:
    first, second = (
        load_file(Path(spec["out"]) / "adapter" / "adapter_model.safetensors") for spec in (one, two)
    )
    assert first.keys() == second.keys()
    assert max(float(value.abs().max()) for name, value in first.items() if "lora_B" in name) > 10 * TOLERANCE
    return max(float((value - second[name]).abs().max()) for name, value in first.items())


def test_two_processes_stop_and_train_as_one(bench: Path) -> None:
    """DSA stopped after a few steps and resumed, then GBA: within a tolerance what one process makes."""
    alone = dsa_of(bench, "by_one"), gba_of(bench, "by_one_gba")
    together = dsa_of(bench, "by_two"), gba_of(bench, "by_two_gba")
    single = run_module(TOGETHER, "0", *write(*alone))
    assert single.returncode == 0, single.stderr

    events = torchrun(together[0], *together)
    names = [event["event"] for event in events]
    assert (names.count("start"), names.count("stopped"), names.count("done")) == (
        3,
        1,
        2,
    )  # rank 0 alone speaks
    stopped = events[names.index("stopped")]["step"]
    assert stopped in (3, 4)
    assert events[names.index("stopped") + 1]["resumed_from"] == stopped
    for one, two in zip(alone, together, strict=True):
        assert largest_difference(one, two) <= TOLERANCE
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


STAND_IN = """
import signal, sys, time
def stop(*_): sys.exit(3)
signal.signal(signal.SIGTERM, stop)
print(flush=True)
time.sleep(600)
"""


def test_the_launcher_passes_sigterm_on_and_keeps_the_status() -> None:
    """Stand-ins that end as the stages do; the stages themselves in the soak below."""
    pair = processes.Ranks.__new__(processes.Ranks)
    command = [sys.executable, "-c", STAND_IN]
    pair._processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    for process in pair._processes:
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()  # it handles the signal from here on
    pair.tell(signal.SIGTERM)
    assert pair.wait() == 3


def test_a_process_that_is_killed_ends_the_others_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Stand-ins, of which one is killed and the other would wait for it for ever."""
    pair = processes.Ranks.__new__(processes.Ranks)
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    pair._processes = [subprocess.Popen(sleep) for _ in range(2)]
    pair._processes[1].kill()
    assert pair.wait() == 1
    assert [process.returncode for process in pair._processes] == [-signal.SIGTERM, -signal.SIGKILL]
    told = standard(capsys.readouterr().out)
    assert told["event"] == "failed"
    assert "ended by SIGKILL" in told["message"]


@pytest.mark.soak
@pytest.mark.parametrize("send", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("step", [1, 4, 7])
def test_stopped_or_killed_at_any_step_two_processes_end_alike(bench: Path, send: int, step: int) -> None:
    whole, cut = dsa_of(bench, f"pair_whole_{send}_{step}"), dsa_of(bench, f"pair_cut_{send}_{step}")
    assert run_stage(whole, command=PAIR)[1] == 0
    _, status = run_stage(cut, at("step", step), send, command=PAIR)
    assert status == (3 if send == signal.SIGTERM else -signal.SIGKILL)
    # Without their launcher the processes save and stop by themselves.
    wait_until(lambda: not started_for(cut), seconds=60, what="no process of the run is left")
    events, status = run_stage(cut, command=PAIR)
    assert status == 0
    card = json.loads((Path(whole["out"]) / "run_card.json").read_text())
    assert events[-1]["artifacts"] == card["artifacts"]


@pytest.mark.parametrize("arguments", [[], ["2"], ["0", "spec.json"], ["two", "spec.json"]])
def test_how_to_call_it_is_said(arguments: list[str]) -> None:
    done = run_module("training.job.processes", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m training.job.processes COUNT SPEC.json" in done.stderr
