"""Trace releases, a tiny base model and runs for the tests of training."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from consilium.blobs.store import put
from consilium.inference.models import ModelEndpoint
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.people.models import Person, Study
from curation.models import Release, ReleaseKind, Source
from curation.releases.contents import NewRow
from curation.releases.freeze import freeze
from tests.factories.curation import source
from tests.factories.painted import painted
from training.demo_models import teaching_set
from training.models import ProducedModel, Run, Stage

SOURCE = "Own archive"
BASE = "base"
# An untrained vision-language model (gemma3 architecture, about 1 MB), then a run on it: one import of torch.
BUILD_AND_TRAIN = """
import sys
from pathlib import Path
from training.demo_models import corpus, model, teaching_set
from training.job.__main__ import main
processor = model.build_processor(corpus.vocabulary(teaching_set.make(40, seed=0)))
model.save(model.build_model(processor, 0), processor, Path(sys.argv[1]))
sys.exit(main(sys.argv[2:]))
"""
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
# A run of seconds: 24 steps of two rows, a checkpoint every 6.
QUICK: dict[str, Any] = {
    "lora_r": 4,
    "lora_alpha": 8,
    "max_pixels": 3136,
    "batch": 2,
    "micro_batch": 2,
    "max_steps": 24,
    "checkpoint_every": 6,
}
STEPS = 24
PEDIATRICS = "pediatrics"
_SCORES = {"adult_medicine": 0.5, PEDIATRICS: 0.75}
_CHOSEN: dict[str, Any] = {"method": "ties", "density": 0.2, "scale": 1.2, "scores": _SCORES, "worst": 0.5}
_PARTS = [
    *(f"self_attn.{name}_proj" for name in "qkvo"),
    *(f"mlp.{name}_proj" for name in ("gate", "up", "down")),
]
# What the process tells of a merge of two experts and a GBA model, as far as pages show it.
MERGE_CARD: dict[str, Any] = {
    "layers": [
        {
            "name": f"model.language_model.layers.{layer}.{part}.weight",
            "sign_conflict": 0.1 * layer + 0.03 * place,
            "mass_discarded": 0.5 + 0.04 * place,
            "cosines": [0.1] * 3,
            "size": 8,
            "kept": [2, 2, 2],
        }
        for layer in range(3)
        for place, part in enumerate(_PARTS)
    ],
    "kept_share": [0.2, 0.204, 0.05],
    "cosines": [0.5, None, -0.25],
    "candidates": [
        {"method": "base", "density": None, "scale": 0.0, "scores": _SCORES, "worst": 0.5},
        {"method": "linear", "density": None, "scale": 1.0, "scores": _SCORES | {PEDIATRICS: 0}, "worst": 0},
        _CHOSEN,
    ],
    "chosen": _CHOSEN,
}


def items(
    count: int = 8, specialties: Sequence[str] = ("adult_medicine", PEDIATRICS)
) -> tuple[teaching_set.TeachingItem, ...]:
    """The items that the releases here hold, the specialties in turn."""
    return painted(count, 3, tuple(specialties))


def content(item: teaching_set.TeachingItem, split: str = "train") -> dict[str, Any]:
    """One row of a trace release (METHOD.md section 2.8)."""
    digest = hashlib.sha256(item.image_png).hexdigest()
    steps = [{"id": f"s{n}", "text": text, "status": "accepted"} for n, text in enumerate(item.steps, 1)]
    return {
        "id": f"trace-{item.number}",
        "question_id": f"question-{item.number}",
        "images": [f"images/{digest}.png"],
        "sha256": [digest],
        "question": item.question,
        "options": dict(item.options),
        "answer_label": item.answer_label,
        "answer": item.answer,
        "reasoning": "\n".join(item.steps),
        "steps": steps,
        "specialty": item.specialty,
        "source": SOURCE,
        "split": split,
        "cluster": f"cluster-{item.number}",
    }


def new_row(row: dict[str, Any], png: bytes) -> NewRow:
    """The row with its image in the store."""
    blob = put(png, "image/png")
    return NewRow(row["id"], row, {row["images"][0]: blob.sha256})


def trace_release(
    study: Study, by: Person, name: str = "Traces 1", split: str = "train", **chosen: Any
) -> Release:
    """A frozen trace release of the items; its source may train."""
    if not Source.objects.filter(study=study, name=SOURCE).exists():
        source(study, SOURCE)
    rows = [new_row(content(item, split), item.image_png) for item in items(**chosen)]
    return freeze(study=study, kind=ReleaseKind.TRACES, name=name, rows=rows, left_out={}, by=by)


def base_endpoint(**fields: Any) -> ModelEndpoint:
    """The local endpoint of the base model."""
    return ModelEndpoint.objects.create(**{"name": "tiny base", "path": BASE, "family": "gemma3"} | fields)


def run_of(study: Study, by: Person) -> Run:
    """A run's row alone, without a job that would do it."""
    job = Job.objects.create(kind="training.run", study=study, created_by=by)
    base = base_endpoint(name=f"base of {study.slug}", study=study, path=f"base-of-{study.slug}")
    return Run.objects.create(study=study, stage=Stage.MERGE, base=base, job=job, created_by=by)


def merged(run: Run) -> ProducedModel:
    """What a merge that tried candidates leaves; its job is over."""
    Job.objects.filter(pk=run.job_id).update(state=JobState.CANCELLED)
    made = base_endpoint(name="merged", path="runs/merged/model")
    return ProducedModel.objects.create(run=run, endpoint=made, digest="cd" * 32, card=MERGE_CARD)


def train_directly(place: Path, base: Path) -> dict[str, Any]:
    """Build a base and train it outside the application, from rows written by hand; the run card."""
    data = place / "data"
    (data / "images").mkdir(parents=True)
    rows = [(content(item), item.image_png) for item in items()]
    for row, png in rows:
        (data / row["images"][0]).write_bytes(png)
    (data / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row, _ in rows))
    spec = {"stage": "dsa", "base": str(base), "data": str(data), "out": str(place / "out"), "seed": 5}
    spec |= {"specialty": PEDIATRICS, "settings": QUICK}
    (place / "asked.json").write_text(json.dumps(spec))
    run_python("-c", BUILD_AND_TRAIN, str(base), str(place / "asked.json"))
    card: dict[str, Any] = json.loads((place / "out" / "run_card.json").read_text())
    return card


def run_python(*arguments: str) -> None:
    """Run this Python to its end, quietly."""
    subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | ENVIRONMENT,
        check=True,
        capture_output=True,
        timeout=240,
    )
