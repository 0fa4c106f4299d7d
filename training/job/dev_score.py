"""How many dev questions of each specialty a model in memory answers rightly, decoding greedily."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean
from typing import Any

import torch

from training.job import data
from training.job.deltas import parameters
from training.job.models import device_of, load_model, load_processor
from training.job.rewards import is_right
from training.job.spec import MergeSettings, Spec


class DevScorer:
    """The base of a run as a live model, whose parameters may be changed, and the questions it is asked.

    Raises SpecError where the data hold no dev question with options and a specialty.
    """

    def __init__(self, spec: Spec) -> None:
        from transformers import GenerationConfig

        settings = spec.settings
        assert spec.data is not None
        assert isinstance(settings, MergeSettings)
        self._settings, self._device = settings, device_of(spec.device)
        self._questions = data.load_questions(spec.data)
        self._processor = load_processor(spec.base)
        self._model = load_model(spec.base).train(mode=False).to(self._device)
        self.parameters = parameters(self._model)
        # Equal for every candidate, whatever sampling or penalty the base's own configuration asks for.
        factory: Any = GenerationConfig
        self._model.generation_config = factory(
            do_sample=False,
            max_new_tokens=settings.max_new_tokens,
            eos_token_id=self._model.generation_config.eos_token_id,
            pad_token_id=self._processor.tokenizer.pad_token_id,
        )

    def scores(self, check: Callable[[], None]) -> dict[str, float]:
        """Return the share of right answers by specialty, sorted; `check` is called between two batches."""
        right: dict[str, list[bool]] = {}
        for batch in self._batches():
            check()
            for question, reply in zip(batch, self._replies(batch), strict=True):
                letters = "".join(sorted(question.options))
                right.setdefault(question.specialty, []).append(is_right(reply, question.gold, letters))
        return {name: fmean(right[name]) for name in sorted(right)}

    def _batches(self) -> Iterator[list[data.Sample]]:
        size = self._settings.micro_batch
        return (self._questions[place : place + size] for place in range(0, len(self._questions), size))

    def _replies(self, batch: Sequence[data.Sample]) -> list[str]:
        texts = [self._prompt(question) for question in batch]
        images = [
            data.open_images([str(path) for path in question.images], self._settings.max_pixels)
            for question in batch
        ]
        inputs = self._processor(
            images=images, text=texts, padding=True, add_special_tokens=False, return_tensors="pt"
        ).to(self._device)
        with torch.no_grad():
            written = self._model.generate(**inputs)
        length = inputs["input_ids"].shape[1]
        replies: list[str] = self._processor.batch_decode(written[:, length:], skip_special_tokens=True)
        return replies

    def _prompt(self, question: data.Sample) -> str:
        parts = [*({"type": "image"} for _ in question.images), {"type": "text", "text": question.prompt()}]
        text: str = self._processor.apply_chat_template(
            [{"role": "user", "content": parts}], add_generation_prompt=True, tokenize=False
        )
        return text
