"""The run card: what a run read, with which settings and software, and what came out."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.job.data import ROWS
from training.job.files import sha256_file, weights_digest, write_json
from training.job.spec import Spec, SpecError

CARD = "run_card.json"
MODEL = "model"
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "safetensors")


def bind(spec: Spec) -> None:
    """Tie the out folder to this specification. Raises SpecError when it belongs to another one."""
    spec.out.mkdir(parents=True, exist_ok=True)
    path = spec.out / "spec.json"
    values = spec.as_dict()
    # Not the folders: the same run may be resumed after its home was moved.
    meaning = ("stage", "seed", "specialty", "release_digest", "settings")
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else values
    if any(known.get(key) != values[key] for key in meaning):
        raise SpecError("out: the folder holds a run with another specification; choose an empty folder")
    write_json(path, values)


def finished(spec: Spec) -> dict[str, Any] | None:
    """Return the card of a run that is complete, else None."""
    path = spec.out / CARD
    if not ((spec.out / MODEL).is_dir() and path.is_file()):
        return None
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return card


def begin(spec: Spec, inputs: dict[str, Any]) -> dict[str, Any]:
    """Start a card: specification, digests of what is read, versions, host."""
    return {
        "spec": spec.as_dict(),
        "stage": spec.stage,
        "seed": spec.seed,
        "release_digest": spec.release_digest,
        "base_digest": weights_digest(spec.base),
        "data_digest": sha256_file(spec.data / ROWS) if spec.data else None,
        "inputs": inputs,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "machine": platform.machine(),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def finish(
    spec: Spec, card: dict[str, Any], extra: dict[str, Any], publish: Callable[[Path], str]
) -> dict[str, Any]:
    """Write the model beside the card and let it appear last, so that a model folder implies its card."""
    waiting = spec.out / f"{MODEL}.ready"
    digest = publish(waiting)
    card["artifacts"] = {"model": MODEL, "kind": "full", "digest": digest, **extra}
    write_json(spec.out / CARD, card)
    shutil.rmtree(spec.out / "scratch", ignore_errors=True)
    waiting.rename(spec.out / MODEL)
    return card
