"""Release folders made from the teaching set: traces, and preferences."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from consilium.answers.dimensions import DIMENSIONS
from tests.factories.painted import painted
from training.demo_models.teaching_set import SPECIALTIES, TeachingItem


def write_release(folder: Path, count: int, seed: int = 7, specialties: Sequence[str] = SPECIALTIES) -> Path:
    """Write rows.jsonl and images of `count` curated teaching traces, all for training; return the folder."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for item in painted(count, seed, tuple(specialties)):
        name = f"images/{item.number:05d}.png"
        (folder / name).write_bytes(item.image_png)
        rows.append(
            {
                "id": f"t{item.number}",
                "images": [name],
                "question": item.question,
                "options": item.options,
                "answer_label": item.answer_label,
                "answer": item.answer,
                "reasoning": item.reasoning,
                "specialty": item.specialty,
                "split": "train",
                "sha256": [hashlib.sha256(item.image_png).hexdigest()],
            }
        )
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def plain_answer(item: TeachingItem, finding: str) -> str:
    """Colour and finding, right or wrong in the same words."""
    return f"It is {item.colour}.\n\nAnswer: {finding}"


def write_preferences(
    folder: Path,
    count: int,
    seed: int = 7,
    answer: Callable[[TeachingItem, str], str] = plain_answer,
    **changes: Any,
) -> Path:
    """Write rows.jsonl and images of `count` cases, each of a patient of its own; return the folder.

    Every second case has the right answer as A, and every dimension is decided for the right one.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for item in painted(count, seed):
        name = f"images/{item.number:05d}.png"
        (folder / name).write_bytes(item.image_png)
        right, wrong = "AB"[item.number % 2], "BA"[item.number % 2]
        false = next(finding for finding in item.options.values() if finding != item.answer)
        row = {
            "id": f"case-{item.number}",
            "question_id": f"question-{item.number}",
            "images": [name],
            "question": item.question,
            "options": item.options,
            f"answer_{right.lower()}": answer(item, item.answer),
            f"answer_{wrong.lower()}": answer(item, false),
            "label": dict.fromkeys(DIMENSIONS, right),
            "cluster": f"cluster-{item.number}",
            "sha256": [hashlib.sha256(item.image_png).hexdigest()],
        }
        rows.append(row | changes)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder
