"""Loading a vision-language model from a local folder and finding the layers that are trained."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from consilium.atomic_folder import atomic_folder
from consilium.inference.model_folders import model_type
from consilium.inference.serve import load_image_text_processor
from training.job.files import weights_digest
from training.job.folders import companions
from training.job.spec import FULL, LORA, LoraSettings, SpecError, tuning_of

# To an attention with "flash" in its name the library hands a tower's windows together, with their bounds.
_AT_ONCE = "flash_of_windows"
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_ROLES = ("bos", "eos", "pad")


def device_of(wanted: str) -> str:
    """Return cpu, or cuda when it is wanted and there."""
    return "cuda" if wanted == "auto" and torch.cuda.is_available() else "cpu"


def load_model(folder: Path, **more: Any) -> Any:
    """Load a model on the CPU: safetensors only, no code from the folder. Raises SpecError.

    Weights in bf16 stay so, in memory as on disk; all others become float32. Of how the folder wants text to
    be drawn only the control tokens stay: training draws from the model as it is. `more` is for the library.
    """
    from transformers import AutoModelForImageTextToText, GenerationConfig

    _check_kind(folder)
    factory: Any = AutoModelForImageTextToText
    safe = {"use_safetensors": True, "local_files_only": True, "trust_remote_code": False}
    model: Any = factory.from_pretrained(folder, **{"dtype": "auto", **more, **safe})
    # Else a repetition penalty would part rollouts from log-probs, and a temperature without sampling, which
    # many folders name, would keep the finished model from being written.
    kept = {f"{role}_token_id": getattr(model.generation_config, f"{role}_token_id") for role in _ROLES}
    plain: Any = GenerationConfig
    model.generation_config = plain(**kept)
    return model if model.dtype == torch.bfloat16 else model.float()


def load_processor(folder: Path) -> Any:
    """Load tokenizer and image processor, padding on the left as generation needs it. Raises SpecError."""
    _check_kind(folder)
    fault = SpecError(
        f"model folder {folder.name!r}: its processor cannot be loaded. Put preprocessor_config.json, the"
        " tokenizer's files and the chat template of its repository beside the weights."
    )
    try:
        processor = load_image_text_processor(folder)
    except (OSError, ValueError, LookupError, ImportError) as error:
        raise fault from error
    # Without its files the library makes a tokenizer that knows no word.
    tokenizer = processor.tokenizer
    if not set(tokenizer("a", add_special_tokens=False)["input_ids"]) - {tokenizer.unk_token_id}:
        raise fault
    tokenizer.padding_side = "left"
    return processor


def _check_kind(folder: Path) -> None:
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

    if not (folder / "config.json").is_file():
        raise SpecError(f"model folder {folder.name!r} has no config.json")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, LookupError):
        config = None
    if type(config) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        raise SpecError(
            f"model folder {folder.name!r}: its architecture, {model_type(folder)[:40]!r}, is not one of a"
            " vision-language model that can be trained here"
        )


def language_layers(model: Any) -> list[str]:
    """Return the full names of the language model's linear layers: no vision tower, no projector, no head.

    Where the decoder is a whole language model (Llama 4, BLIP-2), its head lies inside.
    """
    parts = [module for module in model.modules() if hasattr(module, "get_output_embeddings")]
    heads = {id(part.get_output_embeddings()) for part in parts}
    inside = {id(module) for module in model.get_decoder().modules() if isinstance(module, nn.Linear)}
    return [name for name, module in model.named_modules() if id(module) in inside - heads]


def lora_config(model: Any, settings: LoraSettings) -> Any:
    """Return the adapter configuration for the language layers of `model`, None where all weights learn.

    Raises SpecError for a model that adapters do not cover.
    """
    from peft import LoraConfig

    if tuning_of(settings) == FULL:
        return None
    _check_experts(model)
    return LoraConfig(
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=language_layers(model),
        task_type="CAUSAL_LM",
    )


def _check_experts(model: Any) -> None:
    """Refuse a mixture of experts: theirs is most of the model, in tensors that no linear layer holds."""
    for module in model.get_decoder().modules():
        own = module.parameters(recurse=False)
        if not isinstance(module, _CONVOLUTIONS) and any(value.ndim > 2 for value in own):
            raise SpecError(
                f"base: it is a mixture of experts ({type(module).__name__}), which an adapter would leave as"
                " they are. Choose a dense base, or train all weights (settings.tuning full)."
            )


def for_training(model: Any, device: str, tuning: str = LORA) -> Any:
    """Return `model`, its frozen vision tower set up to cost no more than it must; `device` as wanted.

    Where all weights are trained they become float32: an update of 1e-6 is lost in a weight of 16 bits.
    """
    if tuning == FULL:
        model.stored_dtype = model.dtype
        # Checkpoints name tensors as the live model does: under a folder's older names the trainer does not
        # find them again, and goes on from the base with no more than a warning.
        model.save_pretrained = partial(model.save_pretrained, save_original_format=False)
        _freeze_all_but_language(model.float())
    _only_language_gradients(model)
    if device_of(device) == "cuda":
        _attend_at_once(model)
    return model


def _freeze_all_but_language(model: Any) -> None:
    """Leave the language model and its head to be trained, as adapters do: no vision tower, no projector."""
    head = model.get_output_embeddings()
    kept = {id(value) for part in (model.get_decoder(), head) if part for value in part.parameters()}
    for value in model.parameters():
        value.requires_grad_(id(value) in kept)


def as_stored(model: Any) -> Any:
    """Return a model whose weights were all trained in the precision and under the names that it had."""
    del model.save_pretrained
    return model.to(model.stored_dtype)


def _only_language_gradients(model: Any) -> None:
    """Let gradients start at the language model's embeddings alone, however often a library asks for them.

    With gradient checkpointing the libraries make every embedding's output want a gradient. At the vision
    tower's that costs a second forward and a backward through all of it, for nothing that is trained.
    """
    model.enable_input_require_grads = model.get_decoder().enable_input_require_grads


def _attend_at_once(model: Any) -> None:
    """Let a vision tower with windows attend to all of them in one call, which needs bf16 on a GPU.

    Else the library calls the attention once a window and picture: thousands of tiny calls a forward, which
    the GPU waits for.
    """
    from transformers import AttentionInterface

    tower = getattr(model.config, "vision_config", None)
    if model.dtype == torch.bfloat16 and hasattr(tower, "window_size"):
        AttentionInterface.register(_AT_ONCE, _windows_at_once)
        model.set_attn_implementation({"vision_config": _AT_ONCE})


def _windows_at_once(
    _module: nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *_rest: Any, **named: Any
) -> tuple[torch.Tensor, None]:
    """Attend within each window; shapes (1, heads, patches, width) in, (1, patches, heads, width) out."""
    from torch.nn.attention.varlen import varlen_attn

    bounds, longest = named["cu_seq_lens_q"], named["max_length_q"]
    queries, keys, values = (tensor.squeeze(0).transpose(0, 1) for tensor in (query, key, value))
    made = varlen_attn(queries, keys, values, bounds, bounds, longest, longest)
    assert isinstance(made, torch.Tensor)
    return made.unsqueeze(0), None


def trained_tensors(model: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield name and value of every parameter that is trained."""
    return ((name, value) for name, value in model.named_parameters() if value.requires_grad)


def publish_model(model: Any, base: Path, folder: Path) -> str:
    """Write a full model with the base's tokenizer and processor files and its way to draw text, ready to be
    served; return its digest.
    """
    with atomic_folder(folder, is_only_writer=True, replaces=True, is_shared=True) as part:
        model.save_pretrained(part)
        for path in companions(base):
            shutil.copyfile(path, part / path.name)
        return weights_digest(part)
