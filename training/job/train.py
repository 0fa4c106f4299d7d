"""What DSA and GBA share: the run's folder, training with resume, publishing adapter and model."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consilium.atomic_folder import atomic_folder
from training.job import cards, checkpoints, ranks
from training.job.callback import Following
from training.job.deltas import with_adapter, with_tensors
from training.job.files import weights_digest
from training.job.models import as_stored, device_of, load_model, publish_model, trained_tensors
from training.job.numbers import check_figures, check_trained, check_weights
from training.job.progress import Progress
from training.job.shared_model import check_sharding, is_shared, sharding_arguments, share_out, whole_tensors
from training.job.spec import FULL, QLORA, LoraSettings, Spec, SpecError, tuning_of
from training.job.stop_flag import StopFlag, Stopped


@dataclass(frozen=True, slots=True)
class Context:
    """What every stage is given: its specification, where to report, and whether to stop."""

    spec: Spec
    progress: Progress
    flag: StopFlag


def common_arguments(spec: Spec, settings: LoraSettings) -> dict[str, Any]:
    """Return the trainer arguments that DSA and GBA share."""
    cpu = device_of(spec.device) == "cpu"
    wanted = settings.gradient_checkpointing
    return {
        "output_dir": str(spec.out / "scratch"),
        "seed": spec.seed,
        "use_cpu": cpu,
        "bf16": not cpu,
        "gradient_checkpointing": (wanted == "auto" and not cpu) or wanted == "on",
        "report_to": [],
        "disable_tqdm": True,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # it would report a loss that is NaN as 0.0
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_every,
        "save_total_limit": None,
        "max_steps": settings.max_steps or -1,
        "dataloader_num_workers": settings.workers,
        # A fork of training, with its threads and its GPU, may inherit a lock that nobody opens. What
        # a fork server starts does not see training die.
        "dataloader_multiprocessing_context": "spawn" if settings.workers else None,
        "remove_unused_columns": False,
        # Of several processes: the state in which they joined.
        **({"accelerator_config": {"use_configured_state": True}} if ranks.count() > 1 else {}),
        **sharding_arguments(settings),
    }


def train(
    context: Context,
    build: Callable[[list[Any]], Any],
    adapter: str,
    inputs: dict[str, Any],
    figures: Callable[[Any], dict[str, float]] = lambda _trainer: {},
    start: Callable[[], Any] | None = None,
    publish: Callable[[Any, Path, Path], str] = publish_model,
) -> dict[str, Any]:
    """Train from the newest intact checkpoint, publish, and return the run's card.

    `build` makes the trainer from a list of callbacks; `adapter` names the folder of the trained adapter;
    `inputs` goes into the card; `figures` says how the trained model does; `start` loads what is trained, in
    its own precision, where that is not the base; `publish` writes the merged one as `publish_model`. Raises
    Stopped after saving when SIGTERM came, and NotFinite, with nothing published, when a figure or a tensor
    is NaN or infinite.
    Of several processes rank 0 alone publishes; the card of the others is empty.
    """
    spec = context.spec
    settings = spec.settings
    assert isinstance(settings, LoraSettings)
    check_sharding(spec)
    ranks.meet(device_of(spec.device), settings.sharding)
    begun = time.monotonic()
    step = ranks.from_first(_prepare(spec) if ranks.is_first() else 0)
    following = Following(spec.out, context.progress, context.flag, settings.keep_checkpoints, step)
    trainer = build([following])
    share_out(trainer)
    if ranks.is_set_anywhere(context.flag.wanted):
        raise Stopped(step)
    found = spec.out / "checkpoints" / checkpoints.name_of(step)
    trainer.train(resume_from_checkpoint=str(found) if step else None)
    if trainer.state.global_step < trainer.state.max_steps:
        raise Stopped(trainer.state.global_step)
    reached = figures(trainer)
    check_figures(reached, trainer.state.global_step)
    whole = whole_tensors(trainer.model) if is_shared(settings) else {}
    if not ranks.is_first():
        return {}
    card = cards.begin(spec, inputs)
    card["metrics"] = {**reached, **_metrics(trainer.state)}
    card["seconds"] = round(time.monotonic() - begun, 1)
    check_trained(whole.items() or trained_tensors(trainer.model), trainer.state.global_step)
    loading = start or (lambda: load_model(spec.base))
    if tuning_of(settings) == FULL:
        return _publish_all(spec, with_tensors(loading(), whole) if whole else as_stored(trainer.model), card)
    return _publish(spec, trainer, adapter, card, loading, publish, whole)


def split_batch(total: int, micro_batch: int) -> dict[str, Any]:
    """Return the trainer arguments by which all processes together take `total` a step. Raises SpecError."""
    try:
        at_once, times = ranks.share(total, micro_batch)
    except ValueError as error:
        raise SpecError(f"settings: what one step takes has to be shared evenly, but {error}") from None
    return {"per_device_train_batch_size": at_once, "gradient_accumulation_steps": times}


def _prepare(spec: Spec) -> int:
    """Remove what a killed process left, and return the step of the newest intact checkpoint, 0 for none."""
    shutil.rmtree(spec.out / "scratch", ignore_errors=True)
    found = checkpoints.newest_intact(spec.out / "checkpoints")
    return found.step if found else 0


def _metrics(state: Any) -> dict[str, float]:
    """Return the last step's figures; the history is part of a checkpoint, so a resumed run has them too."""
    logged: dict[str, float] = next((entry for entry in reversed(state.log_history) if "loss" in entry), {})
    shown = ("loss", "reward", "kl", "mean_token_accuracy")
    known = {key: logged[key] for key in shown if math.isfinite(logged.get(key, math.nan))}
    return {**known, "steps": state.global_step}


def _publish(
    spec: Spec,
    trainer: Any,
    adapter: str,
    card: dict[str, Any],
    start: Callable[[], Any],
    publish: Callable[[Any, Path, Path], str],
    whole: dict[str, Any],
) -> dict[str, Any]:
    """Publish the adapter and a model with it.

    The model is loaded anew where training held it in 4 bits, or this process held a share of it; `whole`
    are then the tensors of the adapter.
    """
    with atomic_folder(spec.out / adapter, is_only_writer=True, replaces=True, is_shared=True) as part:
        trainer.model.save_pretrained(part, **({"state_dict": whole} if whole else {}))
        adapter_digest = weights_digest(part)
        is_live = not whole and tuning_of(spec.settings) != QLORA
        merged = trainer.model.merge_and_unload() if is_live else with_adapter(start(), part)
        # Before the adapter appears: finite matrices may have a product that is not.
        check_weights(merged.named_parameters())
    extra = {"adapter": adapter, "adapter_digest": adapter_digest}
    return cards.finish(spec, card, extra, lambda folder: publish(merged, spec.base, folder))


def _publish_all(spec: Spec, model: Any, card: dict[str, Any]) -> dict[str, Any]:
    """Publish a model all of whose weights were trained: there is no adapter."""
    check_weights(model.named_parameters())
    return cards.finish(spec, card, {}, lambda folder: publish_model(model, spec.base, folder))
