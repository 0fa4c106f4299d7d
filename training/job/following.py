"""The trainer's callback: progress events, complete checkpoints, stopping on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from training.job import checkpoints
from training.job.progress import Progress
from training.job.stopping import StopFlag


class Following(TrainerCallback):
    """Reports every step, publishes every saved checkpoint and stops after the step in which SIGTERM came."""

    def __init__(self, out: Path, progress: Progress, flag: StopFlag, keep: int, resumed_from: int) -> None:
        self._folder = out / "checkpoints"
        self._progress = progress
        self._flag = flag
        self._keep = keep
        self._resumed_from = resumed_from
        self.last: dict[str, float] = {}

    def on_train_begin(self, _args: Any, state: Any, _control: Any, **_rest: Any) -> None:
        """Announce the length of the run."""
        self._progress.emit("start", total_steps=state.max_steps, resumed_from=self._resumed_from)

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, float], **_rest: Any) -> None:
        """Report loss, reward and learning rate of one step."""
        if "loss" not in logs:
            return
        self.last = {key: logs[key] for key in ("loss", "reward", "kl", "mean_token_accuracy") if key in logs}
        self._progress.emit(
            "step",
            step=state.global_step,
            total=state.max_steps,
            loss=logs["loss"],
            reward=logs.get("reward"),
            lr=logs.get("learning_rate"),
        )

    def on_step_end(self, _args: Any, _state: Any, control: Any, **_rest: Any) -> Any:
        """Save and stop when asked to."""
        if self._flag.wanted:
            control.should_save = True
            control.should_training_stop = True
        return control

    def on_save(self, args: Any, state: Any, _control: Any, **_rest: Any) -> None:
        """Publish the checkpoint that the trainer has just written, then drop the oldest."""
        if not state.is_world_process_zero:
            return
        raw = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        saved = checkpoints.publish(raw, self._folder, state.global_step)
        checkpoints.prune(self._folder, self._keep)
        self._progress.emit("checkpoint", step=saved.step, name=saved.folder.name)
