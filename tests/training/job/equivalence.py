"""Train stock GRPO and GbaTrainer on the same rows; print the digest of each adapter as one JSON object.

Run as a process: `python -m tests.training.job.equivalence SPEC.json`.
"""

import contextlib
import dataclasses
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from training.job import data, dsa, gba, merge
from training.job.files import weights_digest
from training.job.models import load_processor, lora_config
from training.job.rewards import accuracy_reward, format_reward
from training.job.spec import GbaSettings, Spec, read_spec


def main(path: Path) -> dict[str, Any]:
    spec = read_spec(path)
    assert isinstance(spec.settings, GbaSettings)
    guided = dataclasses.replace(spec.settings, train_prompt="guided", within_weight=1.0, between_weight=0.0)
    single = dataclasses.replace(spec.settings, paradigms=("analytical",), micro_batch=8)
    neutral = dataclasses.replace(spec.settings)
    plain = dataclasses.replace(
        spec.settings, paradigms=("neutral",), rollouts=8, micro_batch=8, start_from="base"
    )
    from_base = dataclasses.replace(spec, experts=())
    return {
        "guided": digest(spec, guided, stock=False),
        "guided_stock": digest(spec, guided, stock=True),
        "single": digest(spec, single, stock=False),
        "single_stock": digest(spec, single, stock=True),
        "plain": digest(from_base, plain, stock=False),
        "plain_stock": digest(from_base, plain, stock=True),
        "neutral": digest(spec, neutral, stock=False),
        "untrained": digest(spec, guided, stock=True, train=False),
        "stages": [stage.__name__ for stage in (dsa, gba, merge)],
        "imports_django": "django" in sys.modules,
    }


def digest(spec: Spec, settings: GbaSettings, *, stock: bool, train: bool = True) -> str:
    """Train with `settings` and return the digest of the adapter."""
    spec = dataclasses.replace(spec, settings=settings)
    samples = data.load(spec.data) if spec.data else []
    trainer = stock_trainer(spec, settings, samples) if stock else gba.trainer_for(spec, samples, [])
    if train:
        trainer.train()
    folder = spec.out / "adapter"
    shutil.rmtree(folder, ignore_errors=True)
    trainer.model.save_pretrained(folder)
    return weights_digest(folder)


def stock_trainer(spec: Spec, settings: GbaSettings, samples: list[data.Sample]) -> Any:
    """TRL's own trainer on the same model, rows and arguments."""
    from trl.trainer.grpo_trainer import GRPOTrainer

    model = gba.start_model(spec)
    rewards: list[Any] = [accuracy_reward, format_reward]
    return GRPOTrainer(
        model=model,
        args=gba.arguments(spec, settings),
        reward_funcs=rewards,
        train_dataset=data.as_dataset(gba.planned_rows(samples, settings, spec.seed), settings.max_pixels),
        processing_class=load_processor(spec.base),
        peft_config=lora_config(model, settings),
    )


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        found = main(Path(sys.argv[1]))
    sys.stdout.write(json.dumps(found))
