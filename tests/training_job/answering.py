"""Answer held-out items greedily: `python -m tests.training_job.answering SPECIALTY COUNT MODEL...`."""

import io
import json
import sys
from pathlib import Path

import torch
from PIL import Image

from consilium.answers import solver_prompt
from training.job import teaching
from training.job.models import load_model, load_processor
from training.job.rewards import is_right


def main(folder: Path, specialty: str, count: int) -> float:
    """The share of right answers of the model in `folder`."""
    torch.set_num_threads(1)
    items = teaching.make(count, seed=4711, specialties=[specialty])
    model, processor = load_model(folder).eval(), load_processor(folder)
    texts = [
        processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}],
            add_generation_prompt=True,
            tokenize=False,
        )
        for prompt in (solver_prompt.build(item.question, item.options) for item in items)
    ]
    images = [[Image.open(io.BytesIO(item.image_png))] for item in items]
    inputs = processor(images=images, text=texts, padding=True, add_special_tokens=False, return_tensors="pt")
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=64, do_sample=False)
    replies = processor.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return sum(is_right(text, item.answer_label) for text, item in zip(replies, items, strict=True)) / count


if __name__ == "__main__":
    shares = [main(Path(folder), sys.argv[1], int(sys.argv[2])) for folder in sys.argv[3:]]
    sys.stdout.write(json.dumps(shares))
