"""The trainer's callback: progress events, complete checkpoints, stopping on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.job import checkpoints, ranks
from training.job.numbers import check_figures
from training.job.progress import Progress
from training.job.shared_model import check_shares
from training.job.step_figures import told_figures
from training.job.stop_flag import StopFlag


class Following(TrainerCallback):
    """Reports every step, publishes every saved checkpoint and stops after the step in which SIGTERM came."""

    def __init__(self, out: Path, progress: Progress, flag: StopFlag, keep: int, resumed_from: int) -> None:
        self._folder = out / "checkpoints"
        self._progress = progress
        self._flag = flag
        self._keep = keep
        self._resumed_from = resumed_from

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Announce the length of the run."""
        self._progress.emit("start", total_steps=state.max_steps, resumed_from=self._resumed_from)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Report the figures of one step. Raises NotFinite, on every rank alike."""
        logs: dict[str, float] = kwargs["logs"]
        if "loss" not in logs:
            return
        check_figures(logs, state.global_step)
        self._progress.emit(
            "step",
            step=state.global_step,
            total=state.max_steps,
            **told_figures(logs),
        )

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> Any:
        """Save and stop when asked to: all processes after the same step, whichever was asked first."""
        if ranks.is_set_anywhere(self._flag.wanted):
            control.should_save = True
            control.should_training_stop = True
        return control

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Publish the checkpoint that the trainer has just written; drop the oldest. Raises NotFinite."""
        check_shares(kwargs["model"], state.global_step)
        ranks.wait()  # every process writes a file of its own into the checkpoint
        if not state.is_world_process_zero:
            return
        raw = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        saved = checkpoints.publish(raw, self._folder, state.global_step)
        checkpoints.prune(self._folder, self._keep)
        self._progress.emit("checkpoint", step=saved.step, name=saved.folder.name)
