"""The run card: what a run read, with which settings and software, and what came out."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.job import data, ranks
from training.job.data import ROWS
from training.job.files import sha256_file, weights_digest, write_json
from training.job.folders import folder_digest, read_from
from training.job.spec import Spec, SpecError

CARD = "run_card.json"
MODEL = "model"
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "safetensors")


def bind(spec: Spec) -> None:
    """Tie the out folder to the specification and to the contents of every folder that it names.

    Of several processes all look, so that all refuse alike, and rank 0 writes.
    Raises SpecError when the folder belongs to another run, or when a named folder cannot be read.
    """
    path = spec.out / "spec.json"
    values = spec.as_dict() | {"contents": _contents(spec)}
    # Not where the folders are: the same run may be resumed after its home was moved.
    meaning = ("stage", "seed", "specialty", "release_digest", "settings")
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else values
    # A run that began before there was a setting goes on with its default.
    defaults = replace(spec, settings=type(spec.settings)()).as_dict()["settings"]
    known["settings"] = defaults | (known.get("settings") or {})
    changed = [key for key in meaning if known.get(key) != values[key]]
    before = known.get("contents") or {}
    changed += [
        f"contents of {key}" for key, digest in values["contents"].items() if before.get(key) != digest
    ]
    if changed:
        raise SpecError(
            f"out: the folder holds a run with another specification ({', '.join(changed)}); "
            "choose an empty folder"
        )
    if ranks.is_first():
        spec.out.mkdir(parents=True, exist_ok=True)
        write_json(path, values)


def _contents(spec: Spec) -> dict[str, Any]:
    """Digests of what the run reads, by the key of the specification that names the folder."""
    return {
        "base": folder_digest(spec.base),
        "data": data.rows_digest(spec.data) if spec.data else None,
        "experts": [folder_digest(read_from(folder)) for folder in spec.experts],
        "questions": data.rows_digest(spec.questions) if spec.questions else None,
        "reinforced": folder_digest(read_from(spec.reinforced)) if spec.reinforced else None,
    }


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
        "processes": ranks.count(),
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
