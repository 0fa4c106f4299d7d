"""Two processes train what one trains; they speak, write and stop as one."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import load_file

from tests.harness.servers import wait_until
from tests.training.job.conftest import dsa_spec, gba_spec
from tests.training.job.process import ENVIRONMENT, Event, at, run_module, run_stage, standard
from training.demo_models.teaching_set import demo_settings
from training.job import processes, ranks
from training.job.checkpoints import listed
from training.job.files import weights_digest
from training.job.spec import SpecError
from training.job.train import split_batch

# Of numbers that a step of Adam moves by up to the learning rate, 1e-3: sums come in another order.
TOLERANCE = 1e-5
TOGETHER = "tests.training.job.together"
PAIR = ("training.job.processes", "2", "{spec}")


def dsa_of(bench: Path, name: str, **settings: Any) -> dict[str, Any]:
    """Without dropout: its masks are drawn by each process."""
    quick = {"lora_dropout": 0.0, "learning_rate": 1e-3, "max_steps": 6, "checkpoint_every": 4}
    return dsa_spec(bench, name, **{**quick, **settings}, batch=8, micro_batch=4)


def gba_of(bench: Path, name: str, **settings: Any) -> dict[str, Any]:
    quick = demo_settings()["gba"] | {"max_steps": 2, "micro_batch": 16, "max_new_tokens": 12}
    return gba_spec(bench, name, bench, **quick, **settings, start_from="base") | {"experts": []}


def write(*specs: dict[str, Any]) -> list[str]:
    paths = [Path(spec["out"]).with_suffix(".json") for spec in specs]
    for path, spec in zip(paths, specs, strict=True):
        path.write_text(json.dumps(spec))
    return [str(path) for path in paths]


def run_pair(*specs: dict[str, Any]) -> list[Event]:
    """The events of two processes; a stage that comes twice is stopped at first, after step 3."""
    done = run_module(TOGETHER, "2", "3", *write(*specs))
    assert done.returncode == 0, done.stderr
    outs = [spec["out"] for spec in specs]
    expected = [3 if out in outs[place + 1 :] else 0 for place, out in enumerate(outs)]
    for rank in range(2):
        assert f"process {rank} of 2 ended with {expected}" in done.stderr, done.stdout
    return [standard(line) for line in done.stdout.split("\n") if line]


def started_for(spec: dict[str, Any]) -> list[str]:
    """The numbers of the processes that were started with this specification."""
    path, found = str(Path(spec["out"]).with_suffix(".json")).encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended while we looked
            if path in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(entry.name)
    return found


def largest_difference(one: dict[str, Any], two: dict[str, Any], part: str) -> float:
    file = "model.safetensors" if part == "model" else "adapter_model.safetensors"
    first, second = (load_file(Path(spec["out"]) / part / file) for spec in (one, two))
    assert first.keys() == second.keys()
    return max(float((value - second[name]).abs().max()) for name, value in first.items())


class Trained(NamedTuple):
    """The same stages by one process, by two, and by two that hold a share each; what the pair told."""

    alone: dict[str, dict[str, Any]]
    copies: dict[str, dict[str, Any]]
    shares: dict[str, dict[str, Any]]
    events: list[Event]


@pytest.fixture(scope="module")
def trained(bench: Path) -> Trained:
    """In one pair of processes, one stage after the other; two are stopped and resumed on the way."""
    fsdp2 = {"sharding": "fsdp2"}
    alone = {"dsa": dsa_of(bench, "unshared"), "gba": gba_of(bench, "unshared_gba")}
    alone["full"] = dsa_of(bench, "unshared_full", tuning="full")
    copies = {"dsa": dsa_of(bench, "copies"), "gba": gba_of(bench, "copies_gba")}
    shares = {"dsa": dsa_of(bench, "shares", **fsdp2), "gba": gba_of(bench, "shares_gba", **fsdp2)}
    shares["full"] = dsa_of(bench, "shares_full", tuning="full", **fsdp2)
    shares["stopped"] = dsa_of(bench, "shares_stopped", **fsdp2)
    single = run_module(TOGETHER, "1", "0", *write(*alone.values()))
    assert single.returncode == 0, single.stderr
    stopped = (copies["dsa"], shares["stopped"])
    return Trained(alone, copies, shares, run_pair(*stopped, *copies.values(), *shares.values()))


def test_two_processes_stop_and_train_as_one(trained: Trained) -> None:
    """Within a tolerance what one process makes, each of the two holding the whole model."""
    names = [event["event"] for event in trained.events]
    # Rank 0 alone speaks.
    assert (names.count("start"), names.count("stopped"), names.count("done")) == (8, 2, 6)
    for stage, adapter in (("dsa", "adapter"), ("gba", "adapter")):
        one, two = trained.alone[stage], trained.copies[stage]
        assert largest_difference(one, two, adapter) <= TOLERANCE
        out = Path(two["out"])
        card = json.loads((out / "run_card.json").read_text())
        assert card["processes"] == 2
        assert card["artifacts"]["digest"] == weights_digest(out / "model")
        assert {path.name for path in out.iterdir()} == {path.name for path in Path(one["out"]).iterdir()}


@pytest.mark.parametrize(
    ("stage", "part"), [("dsa", "adapter"), ("dsa", "model"), ("gba", "adapter"), ("full", "model")]
)
def test_shares_are_published_whole(trained: Trained, stage: str, part: str) -> None:
    """As one process publishes them, in names and shapes; what is trained was moved by far more."""
    one, two = trained.alone[stage], trained.shares[stage]
    assert largest_difference(one, two, part) <= TOLERANCE
    start = load_file(Path(one["base"]) / "model.safetensors")
    moved = load_file(Path(two["out"]) / "model" / "model.safetensors")
    assert moved.keys() == start.keys()
    assert max(float((value - start[name]).abs().max()) for name, value in moved.items()) > 10 * TOLERANCE
    names = [{path.name for path in Path(spec["out"]).iterdir()} for spec in (one, two)]
    assert names[0] == names[1]


def test_every_process_writes_its_share_and_goes_on_from_it_to_the_bit(trained: Trained) -> None:
    whole, cut = (Path(trained.shares[name]["out"]) for name in ("dsa", "stopped"))
    assert weights_digest(cut / "adapter") == weights_digest(whole / "adapter")
    assert weights_digest(cut / "model") == weights_digest(whole / "model")
    newest = listed(whole / "checkpoints")[-1].folder
    told = json.loads((newest / "COMPLETE").read_text())["files"]
    shares = [f"share-0000{number}-of-00002.safetensors" for number in (1, 2)]
    assert sorted(told) == [*shares, "trainer_state.json"]
    parts = [load_file(newest / name) for name in shares]
    adapter = load_file(whole / "adapter" / "adapter_model.safetensors")
    for name, value in adapter.items():
        key = f"trained/{name.replace('.weight', '.default.weight')}"
        assert torch.cat([part[key] for part in parts]).equal(value)
        assert max(len(part[key]) for part in parts) < len(value)


def test_of_processes_that_hold_the_same_one_writes_it(trained: Trained) -> None:
    newest = listed(Path(trained.copies["dsa"]["out"]) / "checkpoints")[-1].folder
    first, second = (load_file(newest / f"share-0000{number}-of-00002.safetensors") for number in (1, 2))
    assert second.keys() == {"random/cpu"}
    assert {key.split("/")[0] for key in first} == {"trained", "optimizer", "random"}


def test_one_process_goes_on_from_the_shares_of_two(trained: Trained, bench: Path) -> None:
    spec = dsa_of(bench, "fewer", sharding="fsdp2")
    begun = Path(trained.shares["dsa"]["out"]) / "checkpoints"
    for found in listed(begun)[:1]:
        shutil.copytree(found.folder, Path(spec["out"]) / "checkpoints" / found.folder.name)
    done = run_module(TOGETHER, "1", "0", *write(spec))
    events = [standard(line) for line in done.stdout.split("\n") if line]
    assert events[0] == {"event": "start", "total_steps": 6, "resumed_from": 4}
    assert largest_difference(trained.alone["dsa"], spec, "adapter") <= TOLERANCE


@pytest.mark.soak
def test_torchrun_starts_the_same_processes(bench: Path) -> None:
    specs = [dsa_of(bench, f"torchrun_{sharding}", sharding=sharding) for sharding in ("none", "fsdp2")]
    begin = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", TOGETHER, "0", "0"]
    done = subprocess.run(
        [sys.executable, "-m", *begin, *write(*specs)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    alone = dsa_of(bench, "by_itself")
    assert run_stage(alone)[1] == 0
    assert all(largest_difference(alone, spec, "adapter") <= TOLERANCE for spec in specs)


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
    pair = started(STAND_IN, STAND_IN)
    pair.tell(signal.SIGTERM)
    assert pair.wait() == 3


SLOW_STAND_IN = STAND_IN.replace("sys.exit(3)", "time.sleep(0.3), sys.exit(3)")


def test_the_launcher_waits_for_the_checkpoint_that_one_of_them_completes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.0)
    pair = started(STAND_IN, SLOW_STAND_IN)
    pair.tell(signal.SIGTERM)
    assert pair.wait() == 3
    assert [process.returncode for process in pair._processes] == [3, 3]


def started(*programs: str) -> processes.Ranks:
    """Stand-ins for the processes of a run, which handle the signal from here on."""
    found = processes.Ranks.__new__(processes.Ranks)
    found._processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for program in programs
    ]
    for process in found._processes:
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
    return found


def test_a_process_that_is_killed_ends_the_others() -> None:
    """Stand-ins, of which one is killed and the other would wait for it for ever."""
    pair = processes.Ranks.__new__(processes.Ranks)
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    pair._processes = [subprocess.Popen(sleep) for _ in range(2)]
    pair._processes[1].kill()
    assert pair.wait() == -signal.SIGKILL
    assert [process.returncode for process in pair._processes] == [-signal.SIGTERM, -signal.SIGKILL]


@pytest.mark.parametrize("send", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_the_launcher_ends_as_the_process_that_was_killed(send: int) -> None:
    """As a run of one process does, which the worker then tries again."""
    script = (
        "import os, signal, sys; from training.job import processes;"
        f"processes.Ranks.wait = lambda _: -{int(send)}; processes.Ranks.__init__ = lambda *_: None;"
        "sys.exit(processes.main(['2', 'spec.json']))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert said.returncode == -send
    assert said.stderr == f"a process of the run was ended by {signal.Signals(send).name}\n"
    assert said.stdout == ""


@pytest.mark.soak
@pytest.mark.parametrize("sharding", ["none", "fsdp2"])
@pytest.mark.parametrize("send", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("step", [1, 3, 5])
def test_stopped_or_killed_at_any_step_two_processes_end_alike(
    bench: Path, send: int, step: int, sharding: str
) -> None:
    """The launcher is killed; without it the processes save and stop by themselves."""
    name = f"{sharding}_{send}_{step}"
    long = {"sharding": sharding, "max_steps": 12}
    whole, cut = (dsa_of(bench, f"{part}_{name}", **long) for part in ("whole", "cut"))
    assert run_stage(whole, command=PAIR)[1] == 0
    _, status = run_stage(cut, at("step", step), send, command=PAIR)
    assert status == (3 if send == signal.SIGTERM else -signal.SIGKILL)
    ends_as(whole, cut)


@pytest.mark.soak
@pytest.mark.parametrize("rank", [0, 1])
def test_where_one_process_is_killed_none_is_left_and_the_run_goes_on(bench: Path, rank: int) -> None:
    long = {"sharding": "fsdp2", "max_steps": 12}
    whole, cut = (dsa_of(bench, f"{part}_{rank}", **long) for part in ("kept", "lost"))
    assert run_stage(whole, command=PAIR)[1] == 0

    def kill(event: Event) -> bool:
        if at("step", 5)(event):
            os.kill(int(rank_of(cut, rank)), signal.SIGKILL)
        return False

    events, status = run_stage(cut, kill, command=PAIR)
    assert status == -signal.SIGKILL
    assert [event for event in events if event["event"] == "failed"] == []
    assert started_for(cut) == []
    ends_as(whole, cut)


def rank_of(spec: dict[str, Any], rank: int) -> str:
    """The number of the process that has this rank."""
    told = f"RANK={rank}".encode()
    return next(
        pid for pid in started_for(spec) if told in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    )


def ends_as(whole: dict[str, Any], cut: dict[str, Any]) -> None:
    """When no process of it is left, the run is started again, and makes what the other one made."""
    wait_until(lambda: not started_for(cut), seconds=60, what="no process of the run is left")
    events, status = run_stage(cut, command=PAIR)
    assert status == 0, events[-3:]
    card = json.loads((Path(whole["out"]) / "run_card.json").read_text())
    assert events[-1]["artifacts"] == card["artifacts"]


def test_the_port_of_the_run_is_given_to_nobody_before_its_first_process_listens() -> None:
    with processes.reserved_port() as reserved, socket.socket() as stranger, socket.socket() as first:
        with pytest.raises(OSError, match="in use"):
            stranger.bind(reserved.getsockname())
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as torch's own does
        first.bind(reserved.getsockname())
        first.listen()


@pytest.mark.parametrize("arguments", [[], ["2"], ["0", "spec.json"], ["two", "spec.json"]])
def test_how_to_call_it_is_said(arguments: list[str]) -> None:
    done = run_module("training.job.processes", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m training.job.processes COUNT SPEC.json" in done.stderr
