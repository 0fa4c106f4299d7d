"""Bases of every promised architecture, as the Hub ships them, go through all stages on requirements.txt."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.factories.hub_folders import NAMED, write_hub_folder
from tests.training.job.in_process import asked, by_content, changes, run, weights
from training.job import gba
from training.job.folders import companions
from training.job.models import load_model, load_processor

pytestmark = pytest.mark.usefixtures("frozen_heap")


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
    expert = run(asked("dsa", base, rows))
    reinforced = run(asked("gba", base, rows, experts=[str(expert)]))
    merged = run(asked("merge", base, experts=[str(expert)], reinforced=str(reinforced)))
    before, processor = weights(base), load_processor(base)
    for out in (expert, reinforced, merged):
        made = out / "model"
        after = weights(made)
        assert {value.dtype for value in after.values()} == {torch.bfloat16}
        changed = changes(before, after)
        assert changed
        assert all(".language_model.layers." in name for name in changed)
        assert {path.name for path in companions(base)} <= {path.name for path in made.iterdir()}
        assert load_processor(made).to_dict() == processor.to_dict()
        ends = json.loads((made / "generation_config.json").read_text())
        assert ends == json.loads((base / "generation_config.json").read_text())
    assert answer(merged / "model")
