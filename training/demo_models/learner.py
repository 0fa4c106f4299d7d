"""Full fine-tuning of a tiny model in seconds: a copying drill, then written examples."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from PIL import Image
from torch.nn.functional import cross_entropy

from training.demo_models.corpus import Drill, Example, Writer
from training.demo_models.teaching_set import TeachingItem

IGNORED = -100


class Learner:
    """One model with its optimizer; the images of `items` are encoded once."""

    def __init__(self, model: Any, processor: Any, items: Sequence[TeachingItem], seed: int) -> None:
        self.model = model
        self.processor = processor
        self._text_ids = cache(processor.tokenizer.backend_tokenizer.encode)
        self.items = list(items)
        self.draw = random.Random(seed)
        pictures = [Image.open(io.BytesIO(item.image_png)) for item in items]
        self.pixels = processor.image_processor(pictures, return_tensors="pt")["pixel_values"]
        self.place = {id(item): number for number, item in enumerate(self.items)}

    def drill(self, kind: Drill, steps: int, batch: int = 16, queries: int = 8, rate: float = 3e-3) -> None:
        """Learn to look something up: many queries on each short text of one kind, no image, no prose."""
        optimizer = self._optimizer(rate)
        for _ in range(steps):
            rows = [self._drill_row(*kind(self.draw), queries) for _ in range(batch)]
            ids, labels = _padded([row[0] for row in rows]), _padded([row[1] for row in rows], IGNORED)
            self._update(optimizer, {"input_ids": ids}, labels)

    def study(self, writer: Writer, steps: int, batch: int = 12, rate: float = 3e-3) -> float:
        """Learn to write what `writer` writes; return the last loss."""
        optimizer = self._optimizer(rate)
        loss = float("nan")
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, 0.1 + 3.0 * (1 - step / steps))
            chosen = self.draw.sample(self.items, batch)
            inputs, labels = self._encode([writer(item, self.draw) for item in chosen])
            loss = self._update(optimizer, inputs, labels)
        return loss

    def _optimizer(self, rate: float) -> torch.optim.Optimizer:
        self.model.train()
        return torch.optim.AdamW(self.model.parameters(), lr=rate, weight_decay=0.0, betas=(0.9, 0.98))

    def _drill_row(self, text: str, queries: list[str], count: int) -> tuple[list[int], list[int]]:
        ids = self._tokens(text)
        labels = [IGNORED] * len(ids)
        for _ in range(count):
            query = self._tokens(self.draw.choice(queries))
            ids += query
            labels += [*[IGNORED] * (len(query) - 2), query[-2], IGNORED]
        return ids, labels

    def _encode(self, examples: Sequence[Example]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        rows, targets = [], []
        for example in examples:
            prompt, reply = self._tokens(self._prompt(example)), self._tokens(example.reply + "<end_of_turn>")
            rows.append(prompt + reply)
            targets.append([IGNORED] * len(prompt) + reply)
        ids = _padded(rows)
        inputs = {
            "input_ids": ids,
            "attention_mask": _padded([[1] * len(row) for row in rows]),
            "token_type_ids": (ids == self.model.config.image_token_id).long(),
            "pixel_values": self.pixels[torch.tensor([self.place[id(example.item)] for example in examples])],
        }
        return inputs, _padded(targets, IGNORED)

    def _prompt(self, example: Example) -> str:
        parts = [{"type": "text", "text": example.before}] if example.before else []
        content = [*parts, {"type": "image"}, {"type": "text", "text": example.after}]
        messages = [{"role": "user", "content": content}]
        text: str = self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        return text.replace(self.processor.boi_token, self.processor.full_image_sequence)

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._text_ids(text, add_special_tokens=False).ids
        return ids

    def _update(
        self, optimizer: torch.optim.Optimizer, inputs: dict[str, torch.Tensor], labels: torch.Tensor
    ) -> float:
        hidden = self.model.model(**inputs).last_hidden_state[:, :-1]
        wanted = labels[:, 1:] != IGNORED
        loss = cross_entropy(self.model.lm_head(hidden[wanted]), labels[:, 1:][wanted])
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return float(loss.detach())


def _padded(rows: Sequence[Sequence[int]], filler: int = 0) -> torch.Tensor:
    """Pad integer rows on the right to (rows, longest)."""
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])
