"""Bases of every promised architecture, as the Hub ships them, go through all stages on requirements.txt."""

import json
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tests.factories.hub_folders import NAMED, write_hub_folder
from tests.training.job.release import write_release
from training.job import cards, dsa, gba, merge
from training.job.folders import check_folders, companions
from training.job.models import load_model, load_processor
from training.job.progress import Progress
from training.job.spec import parse_spec
from training.job.stop_flag import StopFlag
from training.job.train import Context

SMALL = {"lora_r": 4, "lora_alpha": 8, "max_steps": 1, "max_pixels": 3136, "learning_rate": 0.1}
SETTINGS: dict[str, dict[str, Any]] = {
    "dsa": {**SMALL, "batch": 2, "micro_batch": 2, "warmup_ratio": 0.0},
    "gba": {
        **SMALL,
        "samples_per_step": 1,
        "micro_batch": 4,
        "max_new_tokens": 2,
        "paradigms": ["differential", "bayesian"],
    },
    "merge": {"density": 1.0},
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release"), 8)


def by_content(completions: list[Any], **_: Any) -> list[float]:
    """A reward that differs between random answers, so that there is something to learn."""
    return [zlib.crc32(completion[0]["content"].encode()) % 7 / 6 for completion in completions]


def run(stage: str, base: Path, rows: Path, settings: dict[str, Any] | None = None, **given: Any) -> Path:
    """Run a stage in this process; return its out folder."""
    out = base.parent / stage
    asked = {"stage": stage, "base": str(base), "out": str(out), "device": "cpu", **given}
    if stage != "merge":
        asked["data"] = str(rows)
    spec = parse_spec({**asked, "settings": {**SETTINGS[stage], **(settings or {})}})
    check_folders(spec)
    cards.bind(spec)
    {"dsa": dsa, "gba": gba, "merge": merge}[stage].run(Context(spec, Progress(None), StopFlag()))
    return out


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: value.detach() for name, value in load_model(folder).named_parameters()}


def answer(folder: Path) -> str:
    """What the model of the folder says about a picture, in its own chat format."""
    processor, model = load_processor(folder), load_model(folder)
    talk = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Which finding?"}]}]
    picture = Image.radial_gradient("L").resize((56, 56)).convert("RGB")
    given = processor(
        text=[processor.apply_chat_template(talk, add_generation_prompt=True)],
        images=[[picture]],
        return_tensors="pt",
    ).to(torch.bfloat16)
    made = model.generate(**given, max_new_tokens=3, do_sample=False)
    return str(processor.decode(made[0][given["input_ids"].shape[1] :]))


# InternVL's processor hands a tensor to numpy.
@pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")
@pytest.mark.parametrize("kind", NAMED)
def test_a_folder_of_the_hub_goes_through_all_stages(
    tmp_path: Path, rows: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_spec("torchvision") is None
    monkeypatch.setattr(gba, "format_reward", by_content)
    base = write_hub_folder(tmp_path / "base", kind)
    expert = run("dsa", base, rows, specialty="pediatrics")
    reinforced = run("gba", base, rows, experts=[str(expert)])
    merged = run("merge", base, rows, experts=[str(expert)], reinforced=str(reinforced))
    before, processor = weights(base), load_processor(base)
    for out in (expert, reinforced, merged):
        made = out / "model"
        after = weights(made)
        assert {value.dtype for value in after.values()} == {torch.bfloat16}
        changed = [name for name, value in before.items() if not value.equal(after[name])]
        assert changed
        assert all(".language_model.layers." in name for name in changed)
        assert {path.name for path in companions(base)} <= {path.name for path in made.iterdir()}
        assert load_processor(made).to_dict() == processor.to_dict()
        ends = json.loads((made / "generation_config.json").read_text())
        assert ends == json.loads((base / "generation_config.json").read_text())
    assert answer(merged / "model")
