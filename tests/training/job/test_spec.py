"""Specifications: strict reading, messages that name the key, METHOD's defaults."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.job.spec import DsaSettings, GbaSettings, MergeSettings, SpecError, parse_spec, read_spec

DSA = {"stage": "dsa", "base": "b", "data": "d", "out": "o", "specialty": "pediatrics"}
GBA = {"stage": "gba", "base": "b", "data": "d", "out": "o", "experts": ["e"]}
MERGE = {"stage": "merge", "base": "b", "out": "o", "experts": ["e"], "reinforced": "r"}


def test_defaults_are_those_of_the_method() -> None:
    dsa, gba, merge = (parse_spec(values).settings for values in (DSA, GBA, MERGE))
    assert isinstance(dsa, DsaSettings)
    assert (dsa.lora_r, dsa.lora_alpha, dsa.lora_dropout) == (128, 256, 0.05)
    assert (dsa.learning_rate, dsa.warmup_ratio, dsa.epochs, dsa.batch) == (1e-4, 0.03, 3, 16)
    assert isinstance(gba, GbaSettings)
    assert (gba.rollouts, gba.temperature, gba.learning_rate, gba.clip, gba.kl) == (2, 1.0, 1e-5, 0.2, 0.01)
    assert (gba.within_weight, gba.between_weight, gba.train_prompt) == (0.5, 0.25, "neutral")
    assert (gba.max_new_tokens, gba.max_pixels, len(gba.paradigms)) == (1024, 401_408, 4)
    assert isinstance(merge, MergeSettings)
    assert (merge.method, merge.density, merge.scale) == ("ties", 0.2, 1.0)


def test_a_specification_survives_its_own_json() -> None:
    from_base = GBA | {"experts": [], "settings": {"start_from": "base"}}
    for values in (DSA, DSA | {"specialty": None}, GBA, from_base, MERGE):
        spec = parse_spec(values)
        assert parse_spec(json.loads(json.dumps(spec.as_dict()))) == spec


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"stage": "sft"}, "stage"),
        ({"colour": "red"}, "colour: unknown key"),
        ({"settings": {"lora_rank": 8}}, "settings.lora_rank: unknown key"),
        ({"settings": {"lora_r": "8"}}, "settings.lora_r"),
        ({"settings": {"lora_r": True}}, "settings.lora_r"),
        ({"settings": {"lora_r": 0}}, "settings.lora_r"),
        ({"settings": {"learning_rate": -1}}, "settings.learning_rate"),
        ({"settings": {"learning_rate": float("inf")}}, "settings.learning_rate: must be a finite number"),
        ({"settings": {"learning_rate": float("nan")}}, "settings.learning_rate: must be a finite number"),
        ({"settings": {"learning_rate": 10**400}}, "settings.learning_rate: must be a finite number"),
        ({"settings": {"batch": 16, "micro_batch": 5}}, "settings.micro_batch"),
        ({"settings": {"workers": 33}}, "settings.workers: at most 32"),
        ({"settings": []}, "settings"),
        ({"seed": "one"}, "seed"),
        ({"specialty": 3}, "specialty"),
        ({"data": None}, "data"),
        ({"base": 3}, "base"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec({**DSA, **change})
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"paradigms": ["differential", "differential"]}, "settings.paradigms"),
        ({"paradigms": ["guessing"]}, "settings.paradigms"),
        ({"train_prompt": "guided"}, "settings.between_weight"),
        ({"within_weight": 0.9}, "settings.within_weight"),
        ({"rollouts": 1}, "settings.rollouts"),
        ({"start_from": "scratch"}, "settings.start_from: must be one of experts, base"),
        ({"start_from": "base"}, "settings.start_from: a run from the base takes no experts"),
        ({"micro_batch": 7}, "settings.micro_batch"),
    ],
)
def test_wrong_gba_settings_are_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec({**GBA, "settings": settings})
    assert named in str(caught.value)


def test_missing_keys_and_nothing_to_merge() -> None:
    with pytest.raises(SpecError, match="out: missing"):
        parse_spec({key: value for key, value in DSA.items() if key != "out"})
    with pytest.raises(SpecError, match="experts: the gba stage starts from the average of experts; name"):
        parse_spec(GBA | {"experts": []})
    with pytest.raises(SpecError, match="nothing to merge"):
        parse_spec({"stage": "merge", "base": "b", "out": "o"})
    with pytest.raises(SpecError, match=r"settings\.method"):
        parse_spec({**MERGE, "settings": {"method": "svd"}})


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        read_spec(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SpecError, match="not JSON"):
        read_spec(tmp_path / "bad.json")
