"""What a tiny model in a folder replies, greedily, to prompts with one picture each."""

import io
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from training.job.models import load_model, load_processor


def replies_of(folder: Path, asked: Sequence[tuple[str, bytes, str]], max_new_tokens: int) -> list[str]:
    """One reply per (text before the picture, PNG, text after it), all in one batch."""
    torch.set_num_threads(1)
    model, processor = load_model(folder).eval(), load_processor(folder)
    texts = []
    for before, _, after in asked:
        parts = [{"type": "text", "text": before}] if before else []
        content = [*parts, {"type": "image"}, {"type": "text", "text": after}]
        message = [{"role": "user", "content": content}]
        texts.append(processor.apply_chat_template(message, add_generation_prompt=True, tokenize=False))
    images = [[Image.open(io.BytesIO(png))] for _, png, _ in asked]
    inputs = processor(images=images, text=texts, padding=True, add_special_tokens=False, return_tensors="pt")
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
    written: list[str] = processor.batch_decode(
        output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    return written
