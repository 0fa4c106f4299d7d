"""QLoRA: an adapter over a base held in 4 bits (NF4 with double quantisation, arXiv 2305.14314).

The adapter is added to the base as it is on disk, not to its 4 bits: what is published is a plain model.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.job import ranks
from training.job.models import device_of, language_layers, load_model
from training.job.spec import QLORA, Spec, SpecError, tuning_of


def check_quantised(spec: Spec) -> None:
    """Raise SpecError when 4 bits are asked for where nothing can hold them."""
    if tuning_of(spec.settings) == QLORA and not find_spec("bitsandbytes"):
        raise SpecError(
            "settings.tuning: qlora needs bitsandbytes, which is not installed where training runs; "
            "install it there, or choose lora"
        )


def load_quantised(folder: Path, device: str) -> Any:
    """Load a model on the device that is wanted, the layers that adapters lie on in 4 bits, the rest bf16."""
    from transformers import BitsAndBytesConfig

    plan: Any = BitsAndBytesConfig
    small = plan(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=_other_layers(folder),
    )
    place = {"": device_of(device)}
    return load_model(folder, quantization_config=small, dtype=torch.bfloat16, device_map=place)


def _other_layers(folder: Path) -> list[str]:
    """The linear layers outside the language model: vision tower, projector, head."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    factory: Any = AutoModelForImageTextToText
    with torch.device("meta"):
        model = factory.from_config(AutoConfig.from_pretrained(folder, local_files_only=True))
    inside = set(language_layers(model))
    linear = (name for name, module in model.named_modules() if isinstance(module, nn.Linear))
    return [name for name in linear if name not in inside]


def reload_quantised(model: Any, scratch: Path, device: str) -> Any:
    """Return a model that is in memory in 4 bits; its weights pass through the folder `scratch`."""
    if ranks.is_first():
        model.save_pretrained(scratch)
    ranks.wait()
    return load_quantised(scratch, device)
