"""A trace release folder made from the teaching set."""

import hashlib
import json
from pathlib import Path

from training.demo_models import teaching_set


def write_release(folder: Path, count: int, seed: int = 7) -> Path:
    """Write rows.jsonl and images of `count` curated teaching traces, all for training; return the folder."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for item in teaching_set.make(count, seed):
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
