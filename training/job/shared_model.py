"""How several processes hold a model: each the whole of it (DDP), or each a share of every layer.

FSDP2 is torch's own; the trainer's library applies it. ZeRO-3 is DeepSpeed's, where that is installed. Either
way what leaves a run is whole: `whole_tensors` puts the trained ones together on rank 0.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from copy import deepcopy
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn
from transformers.integrations.deepspeed import unset_hf_deepspeed_config

from training.job import ranks
from training.job.models import device_of, trained_tensors
from training.job.numbers import ADVICE, NotFinite, check_trained
from training.job.spec import FSDP2, UNSHARED, ZERO3, LoraSettings, Spec, SpecError

# What accelerate's launcher says of its configuration file.
_OF_LAUNCHER = {"ACCELERATE_USE_FSDP": FSDP2, "ACCELERATE_USE_DEEPSPEED": ZERO3}
_WHOLE_ON_DISK = {"stage3_gather_16bit_weights_on_model_save": True}


def check_sharding(spec: Spec) -> None:
    """Raise SpecError where the model cannot be held as the settings say."""
    settings = spec.settings
    assert isinstance(settings, LoraSettings)
    wanted = settings.sharding
    for name, by_launcher in _OF_LAUNCHER.items():
        if os.environ.get(name, "").lower() == "true" and by_launcher != wanted:
            raise SpecError(
                f"settings.sharding: is {wanted}, but the launcher's configuration asks for {by_launcher};"
                " make both the same"
            )
    if wanted == ZERO3 and not find_spec("deepspeed"):
        raise SpecError(
            "settings.sharding: zero3 needs deepspeed, which is not installed where training runs; install it"
            " there, or choose fsdp2"
        )
    if wanted == ZERO3 and device_of(spec.device) == "cpu":
        raise SpecError("settings.sharding: zero3 needs GPUs; choose fsdp2, or none")


def is_shared(settings: LoraSettings) -> bool:
    """Whether this process holds a share only: a single one holds everything."""
    return settings.sharding != UNSHARED and ranks.count() > 1


def sharding_arguments(settings: LoraSettings) -> dict[str, Any]:
    """Return the trainer's arguments by which the model is shared out; none where it is not."""
    if not is_shared(settings):
        return {}
    if settings.sharding == ZERO3:
        return {"deepspeed": zero3_configuration()}
    return {"fsdp": True, "fsdp_config": {"version": 2, "state_dict_type": "SHARDED_STATE_DICT"}}


def zero3_configuration() -> dict[str, Any]:
    """Return what DeepSpeed is told; "auto" is filled in from the trainer's arguments."""
    return {
        "zero_optimization": {"stage": 3, "overlap_comm": True, **_WHOLE_ON_DISK},
        "bf16": {"enabled": "auto"},
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": "auto",
    }


def share_out(trainer: Any) -> None:
    """Tell the trainer, before it trains, which layers are shared out one by one."""
    plugin = getattr(trainer.accelerator.state, "fsdp_plugin", None)
    if plugin is None:
        return
    model = trainer.model
    plugin.transformer_cls_names_to_wrap = _layer_kinds(model)
    if trainer.args.bf16:
        plugin.mixed_precision_policy = _precision()
    # Processes whose answers end earlier go on with the others: each layer needs all of them.
    for module in model.modules():
        if hasattr(module, "generate"):
            module._is_fsdp_managed_module = True


def frozen_copy(trainer: Any) -> Any:
    """Return what the trainer starts from as a model of its own that never learns, shared out alike."""
    from accelerate.utils.fsdp_utils import fsdp2_prepare_model

    share_out(trainer)
    copied = deepcopy(trainer.model).requires_grad_(False).train(mode=False)
    return fsdp2_prepare_model(trainer.accelerator, copied)


def _precision() -> Any:
    """Computed in bf16, as under autocast, but gradients are added up in float32."""
    from torch.distributed.fsdp import MixedPrecisionPolicy

    return MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)


def _layer_kinds(model: nn.Module) -> list[str]:
    """Names of the classes of the layers: of those that the library names, the model may lack some."""
    named: set[str] = set()
    for module in model.modules():
        named |= set(getattr(module, "_no_split_modules", None) or ())
    return sorted({type(module).__name__ for module in model.modules()} & named)


def own_share(value: torch.Tensor) -> torch.Tensor:
    """Return the rows of a tensor that this process holds: all of them, where it is not shared out."""
    local = getattr(value, "to_local", None)
    return local() if local else value


def first_row(value: torch.Tensor) -> int:
    """Return which row of the whole tensor comes first in the share of this process."""
    mesh = getattr(value, "device_mesh", None)
    if mesh is None:
        return 0
    rows, each = value.shape[0], -(-value.shape[0] // mesh.size())
    return int(min(mesh.get_local_rank() * each, rows))


def check_shares(model: nn.Module, step: int) -> None:
    """Check what has been trained until `step`, on all processes alike. Raises NotFinite."""
    fault = None
    try:
        check_trained(((name, own_share(value)) for name, value in trained_tensors(model)), step)
    except NotFinite as found:
        fault = found
    if ranks.is_set_anywhere(fault is not None):
        raise fault or NotFinite(f"step {step}: another process found NaN or infinite values. {ADVICE}")


def whole_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the trained tensors by name, whole and in CPU memory, on rank 0; nothing on the others.

    All processes have to call it.
    """
    found = {}
    for name, value in trained_tensors(model):
        with torch.no_grad(), _gathered(value):
            whole = getattr(value, "full_tensor", lambda same=value: same)()
            if ranks.is_first():
                found[name] = whole.detach().cpu().clone()
    # Else the library would share out what rank 0 loads by itself from here on, and wait for the others.
    forget: Any = unset_hf_deepspeed_config
    forget()
    return found


def _gathered(value: torch.Tensor) -> Any:
    """DeepSpeed's own way to have a parameter whole for a while."""
    if not hasattr(value, "ds_id"):
        return nullcontext()
    return import_module("deepspeed").zero.GatheredParameters([value])
