"""What the path test brings along: pictures, questions, people."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom

from training.demo_models import teaching_set

STUDY = "path"
PEOPLE = {
    "anna": "annotator",
    "ben": "annotator",
    "carla": "annotator",
    "rosa": "adjudicator",
    "lena": "lead",
    "max": "lead",
}


@dataclass(frozen=True)
class Teaching:
    """How many questions to train with and to hold out, of which specialties, and what is made of them.

    Without a `stage` nothing is trained.
    """

    train: int
    test: int
    specialties: tuple[str, ...]
    stage: str
    judges: tuple[str, ...]
    solvers: tuple[str, ...]


WHOLE = Teaching(
    20,
    6,
    ("adult_medicine", "pediatrics"),
    stage="pipeline",
    judges=("judge_hasty", "teacher"),
    solvers=("tiny base", "merge"),
)
SMALL = Teaching(16, 4, ("pediatrics",), stage="", judges=("judge_hasty",), solvers=())
SETTINGS: dict[str, dict[str, Any]] = {
    "dsa": {
        "lora_r": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.0,
        "learning_rate": 5e-3,
        "max_steps": 6,
        "batch": 8,
        "micro_batch": 8,
        "checkpoint_every": 2,
    },
    "gba": {
        "lora_r": 16,
        "lora_alpha": 32,
        "learning_rate": 1e-4,
        "max_steps": 2,
        "rollouts": 2,
        "samples_per_step": 1,
        "micro_batch": 8,
        "max_new_tokens": 32,
        "checkpoint_every": 1,
    },
    "merge": {"density": 0.5},
}


def uploads(of: Teaching) -> list[tuple[str, tuple[str, bytes, str]]]:
    """Teaching pictures with their questions as multipart files."""
    items = teaching_set.make(of.train + of.test, seed=11, specialties=of.specialties)
    files = [(f"{item.patient}.png", item.image_png, "image/png") for item in items]
    lines = [_line(item, "train" if position < of.train else "test") for position, item in enumerate(items)]
    questions = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return [("uploads", file) for file in [*files, ("questions.jsonl", questions, "application/x-ndjson")]]


def real_uploads() -> list[tuple[str, tuple[str, bytes, str]]]:
    """One real CT slice that ships inside pydicom, with a question."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    line = {
        "id": "ct",
        "question": "Which structure lies in the upper middle of this slice?",
        "options": {"A": "Vertebral body", "B": "Spleen"},
        "answer": "A",
        "images": ["ct.dcm"],
    }
    picture = (folder / "CT_small.dcm").read_bytes()
    return [
        ("uploads", ("ct.dcm", picture, "application/dicom")),
        ("uploads", ("ct.jsonl", json.dumps(line).encode(), "application/x-ndjson")),
    ]


def _line(item: teaching_set.TeachingItem, use: str) -> dict[str, Any]:
    return {
        "id": item.patient,
        "question": item.question,
        "options": item.options,
        "answer": item.answer_label,
        "images": [f"{item.patient}.png"],
        "specialty": item.specialty,
        "use": use,
    }
