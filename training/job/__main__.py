"""Run one stage: `python -m training.job SPEC.json`.

Exit status: 0 done, 1 failed, 2 the specification or the data cannot be used, 3 stopped by SIGTERM after
saving.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from consilium import kept_heap
from training.job import cards, ranks, spec
from training.job.folders import check_folders
from training.job.judge import JudgeLost
from training.job.numbers import NotFinite
from training.job.progress import Progress, claim_stdout
from training.job.stop_flag import StopFlag, Stopped

# What gloo and NCCL say when the other end is gone.
_LOST_PEER = ("closed by peer", "reset by peer", "remote process exited")
DONE, FAILED, REFUSED, STOPPED = 0, 1, 2, 3
_LIBRARIES = {
    "dsa": ["trl.trainer.sft_trainer"],
    "gba": ["trl.trainer.grpo_trainer"],
    "merge": ["transformers.modeling_utils"],
    "judge_sft": ["trl.trainer.sft_trainer"],
    "judge_dpo": ["trl.trainer.dpo_trainer"],
    "reward_model": ["transformers.trainer", "peft"],
}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "TRL_EXPERIMENTAL_SILENCE": "1"}


def main(arguments: Sequence[str]) -> int:
    """Run the stage of the specification named by the only argument; return the exit status."""
    progress = claim_stdout()
    flag = StopFlag()
    flag.install()
    return run_safely(lambda: _named(arguments), progress, flag)


def run_safely(read: Callable[[], spec.Spec], progress: Progress, flag: StopFlag) -> int:
    """Run the specification that `read` returns; whatever happens becomes an event and an exit status."""
    for key, value in _OFFLINE.items():
        os.environ.setdefault(key, value)
    try:
        return _run(read(), progress, flag)
    except spec.SpecError as error:
        progress.emit("failed", message=str(error))
        return REFUSED
    except (NotFinite, JudgeLost) as error:
        progress.emit("failed", message=str(error))
        return FAILED
    except Stopped as stop:
        progress.emit("stopped", step=stop.step)
        return STOPPED
    except Exception as error:  # the last resort of a process: say it in one line, details go to stderr
        traceback.print_exc()
        if not _was_left_alone(error):
            progress.emit("failed", message=_for_people(error))
        return FAILED


def _named(arguments: Sequence[str]) -> spec.Spec:
    if len(arguments) != 1:
        raise spec.SpecError("usage: python -m training.job SPEC.json")
    return spec.read_spec(Path(arguments[0]))


def _run(wanted: spec.Spec, progress: Progress, flag: StopFlag) -> int:
    check_folders(wanted)
    cards.bind(wanted)
    if wanted.stage == "merge" and not ranks.is_first():  # nothing in it is shared out
        return DONE
    card = cards.finished(wanted) or _stage(wanted, progress, flag)
    if ranks.is_first():
        progress.emit("done", artifacts=card["artifacts"], metrics=card["metrics"])
    return DONE


def _stage(wanted: spec.Spec, progress: Progress, flag: StopFlag) -> dict[str, Any]:
    stage = load_stage(wanted.stage)
    from training.job.train import Context

    card: dict[str, Any] = stage.run(Context(wanted, progress, flag))
    return card


def load_stage(name: str) -> Any:
    """Return the module of a stage, which brings torch and its trainer with it: nothing before needs them.

    What is imported stays, but the collector would look at it again and again: a sixth of the time.
    """
    kept_heap.loading_starts()
    try:
        for library in _LIBRARIES[name]:
            import_module(library)
        return import_module(f"training.job.{name}")
    finally:
        kept_heap.loading_ended()


def _was_left_alone(error: Exception) -> bool:
    """Whether another process of the run ended, which says itself why; then there is nothing to say here."""
    return ranks.count() > 1 and any(words in str(error) for words in _LOST_PEER)


def _for_people(error: Exception) -> str:
    """Say what failed without paths or data: the kind of the error, and its text where that is harmless."""
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "training ran out of memory; choose a smaller micro_batch, max_pixels or max_new_tokens"
    if isinstance(error, OSError):
        return f"a file could not be read or written: {error.strerror or type(error).__name__}"
    return f"training failed ({type(error).__name__}); the worker's log has the details"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
