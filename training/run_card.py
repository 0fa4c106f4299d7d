"""The run card: everything that went into one run and came out of it, as JSON without this site's folders."""

from typing import Any, Final

from django.utils import timezone

from training.models import ProducedModel, Run, RunAttempt
from training.stage_settings import defaults_of

FORMAT: Final = "consilium-run-card-1"
# What the process tells of a merge; models are in the order of the inputs, the GBA run last.
MERGED: Final = ("candidates", "chosen", "kept_share", "cosines", "layers")


def run_card(run: Run) -> dict[str, Any]:
    """The card of a run in any state; what is not known yet, or was never told, is null."""
    produced = ProducedModel.objects.filter(run=run).select_related("endpoint").first()
    attempts = list(run.attempts.order_by("number"))
    made = produced.card if produced else {}
    return {
        "format": FORMAT,
        "run": run.pk,
        "study": run.study.slug,
        "stage": run.stage,
        "specialty": run.specialty or None,
        "state": run.job.state,
        "error": run.job.error or None,
        "release": {"name": run.release.name, "digest": run.release_digest} if run.release else None,
        "base": {
            "name": run.base.name,
            "revision": run.base.revision or None,
            "weights": made.get("base_digest"),
        },
        "inputs": [_input(source) for source in run.inputs.order_by("pk")],
        "read": made.get("inputs"),
        "data_digest": made.get("data_digest"),
        "seed": run.seed,
        "settings": _settings(run, made),
        "code": attempts[-1].software if attempts else None,
        "versions": made.get("versions"),
        "hardware": attempts[-1].hardware if attempts else None,
        "metrics": made.get("metrics"),
        "merge": {name: made[name] for name in MERGED if name in made} or None,
        "attempts": [_attempt(attempt) for attempt in attempts],
        "seconds": round(sum(attempt.seconds for attempt in attempts), 1),
        "joules": joules_of(attempts),
        "checkpoints": list(run.checkpoints.order_by("step").values_list("name", flat=True)),
        "model": _model(produced) if produced else None,
        "launched_at": run.created_at.isoformat(timespec="seconds"),
        "written_at": timezone.now().isoformat(timespec="seconds"),
    }


def joules_of(attempts: list[RunAttempt]) -> float | None:
    """Energy of all attempts; None as soon as one did not tell, because a part is no sum."""
    told = [attempt.joules for attempt in attempts]
    known = [joules for joules in told if joules is not None]
    return round(sum(known), 1) if known and len(known) == len(told) else None


def _settings(run: Run, made: dict[str, Any]) -> dict[str, Any]:
    """Every setting: as the process wrote them out, else as it will."""
    told = made.get("spec", {}).get("settings")
    return told if isinstance(told, dict) else {**defaults_of(run.stage), **run.settings}


def _input(source: Run) -> dict[str, Any]:
    produced = ProducedModel.objects.filter(run=source).first()
    return {
        "run": source.pk,
        "stage": source.stage,
        "specialty": source.specialty or None,
        "model": produced.digest if produced else None,
    }


def _attempt(attempt: RunAttempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": attempt.started_at.isoformat(timespec="seconds"),
        "seconds": round(attempt.seconds, 1),
        "end": attempt.end or None,
        "first_step": attempt.first_step,
        "last_step": attempt.last_step,
        "memory_bytes": attempt.memory_bytes,
        "gpu_bytes": attempt.gpu_bytes,
        "joules": attempt.joules,
        "hardware": attempt.hardware,
        "code": attempt.software,
    }


def _model(produced: ProducedModel) -> dict[str, Any]:
    artifacts = produced.card.get("artifacts", {})
    return {
        "endpoint": produced.endpoint.name,
        "digest": produced.digest,
        "adapter_digest": artifacts.get("adapter_digest"),
        "releases": produced.release_digests,
    }
