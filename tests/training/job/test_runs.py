"""The stages as processes: events, kill -9 and SIGTERM with bit-identical resume, equivalence, merging."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.training.job.conftest import Finished, dsa_spec, finish, gba_spec, merge_spec
from tests.training.job.process import at, run_module, run_stage
from training.job import cards, checkpoints, merge
from training.job.deltas import parameters
from training.job.files import weights_digest
from training.job.gba import start_model
from training.job.models import load_model
from training.job.progress import Progress
from training.job.spec import parse_spec
from training.job.stop_flag import StopFlag
from training.job.train import Context

SHARE = "share-00001-of-00001.safetensors"
# One worker builds the shared model and runs; a second one would build them again.


def test_dsa_events_and_folders(dsa: Finished) -> None:
    names = [event["event"] for event in dsa.events]
    assert (names[0], names[-1]) == ("start", "done")
    assert dsa.events[0] == {"event": "start", "total_steps": 80, "resumed_from": 0}
    steps = [event for event in dsa.events if event["event"] == "step"]
    assert [event["step"] for event in steps] == list(range(1, 81))
    assert steps[-1]["loss"] < steps[0]["loss"] / 4
    assert [event["name"] for event in dsa.events if event["event"] == "checkpoint"][-1] == "step-000080"
    newest = checkpoints.listed(dsa.out / "checkpoints")[-1].folder
    # No pickle among them: what is resumed from is tensors and JSON.
    assert {path.name for path in newest.iterdir()} == {SHARE, "trainer_state.json", checkpoints.MARKER}
    assert dsa.artifacts["digest"] == weights_digest(dsa.out / "model")
    assert dsa.artifacts["adapter_digest"] == weights_digest(dsa.out / "adapter")
    assert all(
        (dsa.out / "model" / name).stat().st_mode & 0o044 for name in ("model.safetensors", "tokenizer.json")
    )
    card = json.loads((dsa.out / "run_card.json").read_text())
    assert card["inputs"] == {"traces": 48, "specialty": "pediatrics"}
    assert card["versions"]["trl"] == "1.16.0"


def test_dsa_lifts_the_accuracy_of_its_specialty(bench: Path, dsa: Finished) -> None:
    before, after = accuracies(bench / "models" / "base", dsa.out / "model")
    assert before <= 0.6
    assert after >= 0.9


def test_dsa_changes_language_layers_only(bench: Path, dsa: Finished) -> None:
    before = dict(load_model(bench / "models" / "base").named_parameters())
    after = dict(load_model(dsa.out / "model").named_parameters())
    changed = {name for name, value in before.items() if not value.equal(after[name])}
    assert changed
    assert all(".language_model.layers." in name and name.endswith("_proj.weight") for name in changed)


def test_dsa_stopped_ends_bit_identical(bench: Path) -> None:
    """Killed twice before; with its worker it is killed in tests/training/test_run_job.py."""
    undisturbed = finish(dsa_spec(bench, "expert_short", max_steps=16))
    spec = dsa_spec(bench, "expert_stopped", max_steps=16)
    for step in (1, 3):
        assert run_stage(spec, at("step", step))[1] == -signal.SIGKILL
    events, status = run_stage(spec, at("step", 7), signal.SIGTERM)
    assert status == 3
    stopped = events[-1]
    assert stopped["event"] == "stopped"
    resumed = finish(spec)
    assert resumed.events[0]["resumed_from"] == stopped["step"]
    assert resumed.artifacts == undisturbed.artifacts
    again, status = run_stage(spec)
    assert (status, [event["event"] for event in again]) == (0, ["done"])
    assert again[0]["artifacts"] == undisturbed.artifacts


def test_gba_events_and_start_from_the_expert(gba: Finished, dsa: Finished) -> None:
    steps = [event for event in gba.events if event["event"] == "step"]
    assert len(steps) == 4
    assert all("reward" in event for event in steps)
    card = json.loads((gba.out / "run_card.json").read_text())
    assert card["inputs"]["experts"] == [weights_digest(dsa.out / "adapter")]


def test_gba_killed_ends_bit_identical(bench: Path, dsa: Finished, gba: Finished) -> None:
    """Its newest checkpoint is damaged in one byte after the last kill; the one before it is taken."""
    spec = gba_spec(bench, "reinforced_killed", dsa.out)
    for event in ("step", "checkpoint"):
        assert run_stage(spec, at(event, 1))[1] == -signal.SIGKILL
    events, status = run_stage(spec, at("checkpoint", 2))
    assert (status, events[-1]["event"]) == (-signal.SIGKILL, "checkpoint")
    newest = checkpoints.listed(Path(spec["out"]) / "checkpoints")[-1]
    with (newest.folder / SHARE).open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))
    resumed = finish(spec)
    assert resumed.events[0]["resumed_from"] == newest.step - 1 >= 1
    assert resumed.artifacts == gba.artifacts


def test_gba_reproduces_stock_grpo_bit_for_bit(bench: Path, dsa: Finished) -> None:
    spec = gba_spec(bench, "equivalence", dsa.out, max_steps=2)
    path = bench / "equivalence_spec.json"
    path.write_text(json.dumps(spec))
    process = run_module("tests.training.job.equivalence", str(path))
    assert process.returncode == 0, process.stderr
    digests = json.loads(process.stdout)
    assert digests["guided"] == digests["guided_stock"]
    assert digests["single"] == digests["single_stock"]
    assert digests["plain"] == digests["plain_stock"]
    assert len({digests[name] for name in ("guided", "single", "plain", "neutral", "untrained")}) == 5
    # It has imported every stage by now.
    assert digests["stages"] == ["training.job.dsa", "training.job.gba", "training.job.merge"]
    assert digests["imports_django"] is False


def test_merge_stage_and_command_agree(bench: Path, dsa: Finished, gba: Finished) -> None:
    spec = parse_spec(merge_spec(bench, "merged", dsa.out, gba.out))
    cards.bind(spec)
    card = merge.run(Context(spec, Progress(None), StopFlag()))
    folders = [str(bench / "models" / "base"), str(dsa.out), str(gba.out), str(bench / "merged_by_command")]
    process = run_module(
        *("training.job.merge", "--base", folders[0], "--expert", folders[1], folders[2], "--out", folders[3])
    )
    assert process.returncode == 0, process.stderr
    digest = json.loads(process.stdout.splitlines()[-1])["artifacts"]["digest"]
    assert digest == card["artifacts"]["digest"] == weights_digest(spec.out / "model")
    layers = json.loads((spec.out / "run_card.json").read_text())["layers"]
    assert len(layers) == 21
    assert all(-1 <= cosine <= 1 for layer in layers for cosine in layer["cosines"])


def test_a_merge_killed_ends_bit_identical(bench: Path, dsa: Finished, gba: Finished) -> None:
    """Killed at three moments in turn, spread over what it reads, computes and writes; see `killed_at`."""
    whole = merge_spec(bench, "merge_whole", dsa.out, gba.out)
    spec = merge_spec(bench, "merge_killed", dsa.out, gba.out)
    moments = merge_moments(whole)
    assert moments > 100
    for place in (0.2, 0.6, 0.97):
        assert killed_merge(spec, int(moments * place)) == -signal.SIGKILL
        assert not (Path(spec["out"]) / "model").exists()
    assert left_by_merge(finish(spec)) == left_by_merge(finish(whole))


def test_one_expert_at_full_density_gives_the_expert_back(bench: Path, dsa: Finished) -> None:
    spec = merge_spec(bench, "alone", dsa.out, dsa.out) | {"settings": {"density": 1.0}}
    del spec["reinforced"]
    wanted = parse_spec(spec)
    cards.bind(wanted)
    merge.run(Context(wanted, Progress(None), StopFlag()))
    expert, merged = (parameters(load_model(out / "model")) for out in (dsa.out, wanted.out))
    assert all(merged[name].allclose(value, atol=1e-6) for name, value in expert.items())


def test_the_linear_merge_of_experts_is_what_gba_starts_from(
    bench: Path, dsa: Finished, gba: Finished
) -> None:
    # Any two models will do as experts.
    experts = {"experts": [str(dsa.out), str(gba.out)]}
    spec = merge_spec(bench, "average", dsa.out, gba.out) | experts | {"settings": {"method": "linear"}}
    del spec["reinforced"]
    wanted = parse_spec(spec)
    cards.bind(wanted)
    merge.run(Context(wanted, Progress(None), StopFlag()))
    started = parameters(start_model(parse_spec(gba_spec(bench, "unused", dsa.out) | experts)))
    merged = parameters(load_model(wanted.out / "model"))
    assert all(merged[name].allclose(value, atol=1e-6) for name, value in started.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": "nowhere"}, "base: the folder holds no model"),
        ({"settings": {"epochs": 0}}, "settings.epochs: must be positive"),
        ({"surprise": 1}, "surprise: unknown key"),
    ],
)
def test_a_run_that_cannot_start_says_why(bench: Path, change: dict[str, object], message: str) -> None:
    events, status = run_stage({**dsa_spec(bench, "refused"), **change})
    assert status == 2
    assert [event["event"] for event in events] == ["failed"]
    assert message in events[0]["message"]
    assert str(bench) not in events[0]["message"]


def test_a_folder_is_not_shared_by_two_specifications(bench: Path, dsa: Finished) -> None:
    events, status = run_stage({**dsa.spec, "seed": 2})
    assert status == 2
    assert "another specification" in events[0]["message"]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_many_kills_at_any_step(bench: Path, dsa: Finished, seed: int) -> None:
    spec = dsa_spec(bench, f"soak_{seed}")
    for number in range(3):
        run_stage(spec, at("step", 1 + (seed * 7 + number * 29) % 78))
    assert finish(spec).artifacts == dsa.artifacts


@pytest.mark.soak
@pytest.mark.parametrize("trial", range(20))
def test_many_kills_of_gba_at_any_step(bench: Path, dsa: Finished, gba: Finished, trial: int) -> None:
    spec = gba_spec(bench, f"reinforced_soak_{trial}", dsa.out)
    for event, step in (("step", 1 + trial % 4), ("checkpoint", 1 + trial % 3), ("step", 4)):
        run_stage(spec, at(event, step))
    assert finish(spec).artifacts == gba.artifacts


@pytest.mark.soak
@pytest.mark.parametrize("trial", range(20))
def test_many_kills_of_a_merge_at_any_moment(bench: Path, dsa: Finished, gba: Finished, trial: int) -> None:
    whole = merge_spec(bench, f"merge_whole_{trial}", dsa.out, gba.out)
    spec = merge_spec(bench, f"merge_soak_{trial}", dsa.out, gba.out)
    moments = merge_moments(whole)
    for number in range(3):
        killed_merge(spec, 1 + (trial * 53 + number * 97) % moments)
    assert left_by_merge(finish(spec)) == left_by_merge(finish(whole))


def merge_moments(spec: dict[str, Any]) -> int:
    """Run a merge to its end: at how many moments could it have been killed?"""
    assert killed_merge(spec, 0) == 0
    return int(Path(spec["out"]).with_suffix(".err").read_text().splitlines()[-1])


def killed_merge(spec: dict[str, Any], moment: int) -> int:
    """The exit status of a merge that is killed at this moment; 0: at none."""
    words = ("tests.training.job.killed_at", str(moment), spec["out"], "{spec}")
    return run_stage(spec, command=words)[1]


def left_by_merge(merge: Finished) -> tuple[dict[str, Any], list[str]]:
    """What a merge has published, and the names of all that lies in its folder."""
    return merge.artifacts, sorted(str(path.relative_to(merge.out)) for path in merge.out.rglob("*"))


def accuracies(*folders: Path) -> list[float]:
    """Per model folder, the share of 24 held-out pediatrics items that it answers rightly, greedily."""
    process = run_module("tests.training.job.answering", "pediatrics", "24", *map(str, folders))
    assert process.returncode == 0, process.stderr
    shares: list[float] = json.loads(process.stdout)
    return shares
