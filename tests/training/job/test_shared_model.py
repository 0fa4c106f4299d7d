"""What is shared out among processes, how, and what is refused; shares themselves: test_several_processes."""

from importlib.util import find_spec
from typing import Any

import pytest
import torch
from accelerate.utils.deepspeed import HfDeepSpeedConfig

from training.job import shared_model
from training.job.numbers import NotFinite
from training.job.spec import LoraSettings, Spec, SpecError, parse_spec


def asked(stage: str = "gba", **settings: Any) -> Spec:
    if stage == "gba":
        settings["start_from"] = "base"
    spec = {"stage": stage, "base": "b", "out": "o", "data": "d", "device": "cpu", "settings": settings}
    return parse_spec(spec)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"sharding": "fsdp2", "tuning": "qlora"},
            "a base in 4 bits cannot be shared out; choose lora or full",
        ),
        ({"sharding": "zero3", "tuning": "qlora"}, "choose lora or full for zero3, or none for qlora"),
        ({"sharding": "zero3", "tuning": "full"}, "GBA of all weights needs fsdp2"),
        ({"sharding": "fsdp2", "stage": "reward_model"}, "must be none for a reward model"),
        ({"sharding": "fsdp"}, r"settings\.sharding: must be one of none, fsdp2, zero3"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        asked(**given)


@pytest.mark.skipif(bool(find_spec("deepspeed")), reason="deepspeed is installed here")
def test_deepspeed_is_missed_by_name() -> None:
    with pytest.raises(SpecError, match=r"settings\.sharding: zero3 needs deepspeed, which is not installed"):
        shared_model.check_sharding(asked(sharding="zero3"))


def test_deepspeed_needs_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_model, "find_spec", lambda _name: True)
    with pytest.raises(SpecError, match="zero3 needs GPUs; choose fsdp2, or none"):
        shared_model.check_sharding(asked(sharding="zero3"))


@pytest.mark.parametrize(
    ("variable", "wanted", "other"),
    [("ACCELERATE_USE_FSDP", "fsdp2", "none"), ("ACCELERATE_USE_DEEPSPEED", "zero3", "fsdp2")],
)
def test_settings_and_launcher_must_want_the_same(
    monkeypatch: pytest.MonkeyPatch, variable: str, wanted: str, other: str
) -> None:
    monkeypatch.setenv(variable, "true")
    with pytest.raises(SpecError, match=f"is {other}, but the launcher's configuration asks for {wanted}"):
        shared_model.check_sharding(asked(sharding=other))


def test_a_single_process_shares_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = LoraSettings(sharding="fsdp2")
    assert shared_model.sharding_arguments(settings) == {}
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert shared_model.sharding_arguments(settings)["fsdp_config"]["version"] == 2
    assert shared_model.sharding_arguments(LoraSettings()) == {}


def test_deepspeed_is_told_to_put_weights_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")
    told = HfDeepSpeedConfig(shared_model.sharding_arguments(LoraSettings(sharding="zero3"))["deepspeed"])
    assert told.is_zero3()
    assert not told.is_offload()
    assert told.get_value("zero_optimization.stage3_gather_16bit_weights_on_model_save") is True


def test_what_is_not_finite_in_another_share_stops_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    model = torch.nn.Linear(2, 2)
    shared_model.check_shares(model, 3)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("training.job.ranks.is_set_anywhere", lambda _flag: True)
        with pytest.raises(NotFinite, match="step 3: another process found NaN or infinite values"):
            shared_model.check_shares(model, 3)
    with torch.no_grad():
        model.weight[0, 0] = torch.nan
    with pytest.raises(NotFinite, match="step 3: tensor weight holds NaN"):
        shared_model.check_shares(model, 3)


@pytest.mark.parametrize(
    ("rows", "firsts"), [(4, [0, 2]), (5, [0, 3]), (1, [0, 1])], ids=["even", "uneven", "too few"]
)
def test_the_first_row_of_a_share_is_where_torch_puts_it(rows: int, firsts: list[int]) -> None:
    """As torch.chunk cuts: the later shares are the smaller ones."""

    class Held:
        shape = (rows, 3)

        def __init__(self, rank: int) -> None:
            self.device_mesh = self
            self._rank = rank

        def size(self) -> int:
            return 2

        def get_local_rank(self) -> int:
            return self._rank

    found: list[Any] = [Held(0), Held(1)]
    assert [shared_model.first_row(held) for held in found] == firsts
    chunks = torch.arange(rows).chunk(2)
    assert [int(chunk[0]) for chunk in chunks] == firsts[: len(chunks)]
