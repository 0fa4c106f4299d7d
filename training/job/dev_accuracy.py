"""Greedy accuracy on a fixed sample of dev questions while GBA goes on, by specialty."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.data_utils import prepare_multimodal_messages
from trl.models.utils import unwrap_model_for_generation

from training.job import data, ranks
from training.job.rewards import is_right
from training.job.spec import GbaSettings, SpecError

if TYPE_CHECKING:
    from training.job.gba_trainer import GbaTrainer

FIGURE: Final = "dev/"


def dev_sample(folder: Path, rows: int, seed: int) -> list[data.Sample]:
    """Return at most `rows` dev questions of each specialty, the same ones for the same seed.

    Raises SpecError, also where the release holds none.
    """
    try:
        questions = data.load_questions(folder)
    except SpecError as error:
        raise SpecError(f"settings.evaluate_every asks dev questions; {error}") from None
    by_specialty: dict[str, list[data.Sample]] = {}
    for question in questions:
        by_specialty.setdefault(question.specialty, []).append(question)
    draw = random.Random(seed)
    return [
        question
        for _, found in sorted(by_specialty.items())
        for question in draw.sample(found, min(rows, len(found)))
    ]


class DevAccuracy(TrainerCallback):
    """Has the model answer the questions after every `evaluate_every`-th step and after the last one."""

    def __init__(self, trainer: GbaTrainer, questions: list[data.Sample], settings: GbaSettings) -> None:
        self._trainer = trainer
        self._questions = questions
        self._settings = settings
        self._names = sorted({question.specialty for question in questions})

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Report the share of right answers with the figures of this step."""
        if state.global_step % self._settings.evaluate_every and state.global_step < state.max_steps:
            return
        accelerator: Any = self._trainer.accelerator
        counts = torch.zeros(len(self._names), 2, device=accelerator.device)
        own = self._questions[accelerator.process_index :: ranks.count()]
        for question, reply in zip(own, self._replies(own), strict=True):
            letters = "".join(sorted(question.options))
            right = is_right(reply, question.gold, letters)
            counts[self._names.index(question.specialty)] += torch.tensor([float(right), 1.0])
        totals = accelerator.reduce(counts, reduction="sum").tolist()
        shares = zip(self._names, totals, strict=True)
        self._trainer.report({f"{FIGURE}{name}": right / count for name, (right, count) in shares})

    def _replies(self, questions: list[data.Sample]) -> list[str]:
        trainer: Any = self._trainer
        size, found = self._settings.micro_batch, []
        with (
            torch.no_grad(),
            unwrap_model_for_generation(trainer.model_wrapped, trainer.accelerator) as model,
        ):
            was_training = model.training
            model.train(False)
            for first in range(0, len(questions), size):
                found += self._answers(model, questions[first : first + size])
            model.train(was_training)
        return found

    def _answers(self, model: Any, questions: list[data.Sample]) -> list[str]:
        processor: Any = self._trainer.processing_class
        talks = [
            prepare_multimodal_messages(
                data.message("user", question.prompt()),
                images=data.open_images([str(path) for path in question.images], self._settings.max_pixels),
            )
            for question in questions
        ]
        asked = processor.apply_chat_template(
            talks, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
            padding=True,
        ).to(model.device)  # fmt: skip
        written = model.generate(**asked, do_sample=False, max_new_tokens=self._settings.max_new_tokens)
        texts: list[str] = processor.batch_decode(
            written[:, asked["input_ids"].shape[1] :], skip_special_tokens=True
        )
        return texts
