"""Scores answers with a published reward model: a number for each, higher for the better one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import torch

from consilium.inference.model_folders import HEAD_FACTS, SCORE_HEAD
from training.job import data
from training.job.models import device_of, load_model, load_processor
from training.job.pairs import plain_answer
from training.job.preferences import reply_turn, told_in_parts, user_turn
from training.job.reward_model import HEAD_TENSOR, RewardModel, conversation_inputs
from training.job.spec import SpecError


class RewardScorer:
    """A reward model's folder, loaded. A judge that gives numbers prefers the answer with the higher one."""

    def __init__(self, folder: Path, device: str = "auto") -> None:
        """Raise SpecError where the folder holds no reward model."""
        from safetensors import safe_open

        if not (folder / SCORE_HEAD).is_file():
            raise SpecError(f"model folder {folder.name!r} has no {SCORE_HEAD}: it is no reward model")
        self._processor = load_processor(folder)
        self._device = device_of(device)
        model: Any = RewardModel(load_model(folder))
        with safe_open(folder / SCORE_HEAD, framework="pt") as head:
            model.score.weight.data = head.get_tensor(HEAD_TENSOR)
            self._max_pixels = int(json.loads(head.metadata()[HEAD_FACTS])["max_pixels"])
        self._model = model.to(self._device).train(mode=False)

    def score(
        self, prompt: str, answer: str, images: Sequence[str | Path | IO[bytes]] = ()
    ) -> tuple[float, int]:
        """Return the score of an answer, by a forward pass of its own, and of how many tokens it is.

        `prompt` is the question with its options, as `question_prompt` of a pair writes it; `images` go in
        front of it, reduced to the pixels with which the model was trained.
        """
        opened = data.open_images(images, self._max_pixels)
        talk = user_turn(prompt, len(opened)) + told_in_parts(reply_turn(plain_answer(answer)))
        inputs = conversation_inputs(self._processor, [talk], [opened])
        with torch.no_grad():
            score = self._model(**{name: value.to(self._device) for name, value in inputs.items()})
        return float(score), int(inputs["attention_mask"].sum())
