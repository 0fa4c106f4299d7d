"""NaN and infinity: whatever makes them fails the run, names the place and publishes nothing."""

import io
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.training.job.conftest import Finished, dsa_spec, gba_spec, merge_spec
from tests.training.job.process import Event, run_stage, standard
from training.job.__main__ import run_safely
from training.job.deltas import add, add_mean
from training.job.files import write_json
from training.job.merge_methods import Merger
from training.job.numbers import NotFinite, check_figures, check_trained, finite_only, standard_json
from training.job.progress import Progress
from training.job.spec import SpecError, parse_spec
from training.job.stop_flag import StopFlag
from training.job.stored_tensors import Block

QUICK: dict[str, Any] = {"max_pixels": 3136, "lora_r": 4, "lora_alpha": 8}
SMALL_GBA = QUICK | {"max_steps": 2, "samples_per_step": 1, "micro_batch": 8, "max_new_tokens": 4}


def refusal(out: Path, events: list[Event], status: int) -> str:
    """What the run said when it failed, having published nothing."""
    assert (status, events[-1]["event"]) == (1, "failed")
    assert "done" not in [event["event"] for event in events]
    assert not {"adapter", "adapter_on_start", "model", "run_card.json"} & {
        path.name for path in out.iterdir()
    }
    message: str = events[-1]["message"]
    assert str(out) not in message
    return message


def in_process(spec: dict[str, Any]) -> tuple[list[Event], int]:
    """Run a merge here."""
    stream = io.StringIO()
    status = run_safely(lambda: parse_spec(spec), Progress(stream), StopFlag())
    return [standard(line) for line in stream.getvalue().split("\n") if line], status


def changed_adapter(expert: Path, folder: Path, change: Callable[[torch.Tensor], torch.Tensor]) -> str:
    """A copy of the expert's adapter with one matrix changed; the name of the parameter it adapts."""
    shutil.copytree(expert / "adapter", folder)
    weights = load_file(folder / "adapter_model.safetensors")
    key = max(name for name in weights if "lora_B" in name)
    weights[key] = change(weights[key])
    save_file(weights, folder / "adapter_model.safetensors")
    return key.removeprefix("base_model.model.").replace(".lora_B", "")


@pytest.mark.parametrize(("steps", "named"), [(5, "step 3: the loss is nan"), (2, "step 2: the loss is nan")])
def test_a_loss_that_is_no_number_fails_the_run(bench: Path, steps: int, named: str) -> None:
    """Also when the last update made it so, after which training itself computes no loss."""
    spec = dsa_spec(
        bench, f"diverged_{steps}", **QUICK, learning_rate=1e18, max_steps=steps, checkpoint_every=9
    )
    events, status = run_stage(spec)
    message = refusal(Path(spec["out"]), events, status)
    assert message.startswith(named)
    assert "learning_rate" in message


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_reward_that_is_no_number_fails_the_run(bench: Path, value: str) -> None:
    from_base = SMALL_GBA | {"start_from": "base"}
    spec = gba_spec(bench, f"rewarded_{value}", bench, **from_base) | {"experts": []}
    events, status = run_stage(spec, command=("tests.training.job.broken_reward", "{spec}", value))
    message = refusal(Path(spec["out"]), events, status)
    assert message.startswith("step 1: the reward broken is NaN or infinite")


def test_a_model_without_probabilities_fails_the_run(bench: Path, dsa: Finished) -> None:
    """Its experts are finite, what they make of the base is not able to speak."""
    shutil.copytree(dsa.out / "adapter", bench / "huge")
    weights = load_file(bench / "huge" / "adapter_model.safetensors")
    huge = {name: torch.full_like(matrix, 1e17) for name, matrix in weights.items()}
    save_file(huge, bench / "huge" / "adapter_model.safetensors")
    spec = gba_spec(bench, "from_huge", bench / "huge", **SMALL_GBA)
    message = refusal(Path(spec["out"]), *run_stage(spec))
    assert message.startswith("step 1: what the model gives as probabilities of the next word is NaN")


@pytest.mark.parametrize("method", ["ties", "linear", "task_arithmetic", "dare_ties"])
@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_an_expert_that_is_not_finite_is_named(
    bench: Path, dsa: Finished, tmp_path: Path, method: str, value: float
) -> None:
    tensor = changed_adapter(
        dsa.out, tmp_path / "bad", lambda matrix: matrix.index_fill(0, torch.tensor(1), value)
    )
    spec = merge_spec(bench, "unused", dsa.out, tmp_path / "bad")
    spec |= {"out": str(tmp_path / "out"), "settings": {"method": method}}
    message = refusal(tmp_path / "out", *in_process(spec))
    assert message.startswith(f"expert 'bad': its change of tensor {tensor} holds NaN or infinite values")


def test_a_finite_expert_whose_sum_with_the_base_is_not_fails(
    bench: Path, dsa: Finished, tmp_path: Path
) -> None:
    changed_adapter(dsa.out, tmp_path / "large", lambda matrix: matrix * 1e30)
    spec = merge_spec(bench, "unused", tmp_path / "large", dsa.out)
    spec |= {"out": str(tmp_path / "out"), "settings": {"scale": 1e38}}
    message = refusal(tmp_path / "out", *in_process(spec))
    assert "_proj.weight is no longer finite with what the experts add" in message


def test_a_base_that_is_not_finite_is_not_merged(bench: Path, dsa: Finished, tmp_path: Path) -> None:
    shutil.copytree(bench / "models" / "base", tmp_path / "base")
    weights = load_file(tmp_path / "base" / "model.safetensors")
    name = next(name for name in weights if "vision" in name)
    weights[name].view(-1)[0] = math.nan
    save_file(weights, tmp_path / "base" / "model.safetensors", {"format": "pt"})
    spec = merge_spec(bench, "unused", dsa.out, dsa.out)
    del spec["reinforced"]
    message = refusal(
        tmp_path / "out", *in_process(spec | {"base": str(tmp_path / "base"), "out": str(tmp_path / "out")})
    )
    assert message.startswith("model: tensor model.vision")


def test_figures_and_tensors_are_named() -> None:
    check_figures({"loss": 1.0, "grad_norm": 2.0, "frac_reward_zero_std": math.nan}, 4)
    for key, name in (
        ("loss", "loss"),
        ("grad_norm", "gradient norm"),
        ("reward", "mean reward"),
        ("kl", "KL"),
    ):
        with pytest.raises(NotFinite, match=rf"step 4: the {name}.* is inf, not a finite number"):
            check_figures({"loss": 1.0, key: math.inf}, 4)
    check_trained([("a", torch.zeros(2))], 7)
    with pytest.raises(NotFinite, match="step 7: tensor b holds NaN"):
        check_trained([("a", torch.zeros(2)), ("b", torch.tensor([0.0, math.nan]))], 7)


def test_a_start_model_that_overflows_is_named() -> None:
    class Held:
        device = "cpu"

        def names(self) -> list[str]:
            return ["w"]

        def shape(self, name: str) -> torch.Size:
            return torch.Size((2,))

        def block(self, name: str, block: Block) -> torch.Tensor:
            return torch.full((2, 1), 3e38)

    whole = Block(0, 2, 1)
    with pytest.raises(NotFinite, match="tensor w is no longer finite"):
        add_mean({"w": torch.full((2,), 3e38)}, [Held()])
    with pytest.raises(NotFinite, match="tensor w is no longer finite"):
        add({"w": torch.zeros(2, dtype=torch.float16)}, "w", whole, torch.full((2, 1), 1e5))
    with pytest.raises(SpecError, match="tensor w lies in the files in another form"):
        add_mean({}, [Held()])
    merger = Merger([Held(), Held()], "linear", 1.0)
    list(merger.blocks("w"))
    assert merger.reports()[0].cosines == [None]  # its squares are more than a float32 holds


def test_what_is_written_is_json(tmp_path: Path) -> None:
    stream = io.StringIO()
    Progress(stream).emit("done", loss=math.nan, metrics={"loss": math.inf, "kept": [1.0, -math.inf]}, step=1)
    event = standard(stream.getvalue())
    assert event == {"event": "done", "step": 1, "metrics": {"loss": None, "kept": [1.0, None]}}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "card.json", {"loss": math.nan})


@pytest.mark.parametrize("text", ['{"a": NaN}', "[-Infinity]", '{"a": [1, 1e999]}'])
def test_what_is_read_is_json(text: str) -> None:
    with pytest.raises(NotFinite, match="not a finite number"):
        standard_json(text)
    assert standard_json('{"a": [1, 1e3, null]}') == finite_only({"a": (1, 1000.0, math.nan)})
