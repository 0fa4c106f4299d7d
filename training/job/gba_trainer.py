"""GRPO whose advantages compare rollouts within and between reasoning paradigms.

Two private methods of TRL 1.16's GRPOTrainer are extended and one is wrapped; the equivalence tests hold them
to stock GRPO bit for bit, and the pin on trl keeps them where they are.
"""

from __future__ import annotations

from typing import Any

import torch
from trl.data_utils import prepare_multimodal_messages
from trl.trainer.grpo_trainer import GRPOTrainer

from training.job.advantages import advantages
from training.job.numbers import ADVICE, NotFinite, is_finite

_NO_PROBABILITIES = "probability tensor contains"  # torch.multinomial on NaN


class GbaTrainer(GRPOTrainer):
    """One dataset row is one (sample, paradigm); the rows of a sample stand next to each other.

    A row has `prompt`, with which the loss is computed, and `rollout_prompt`, under which completions are
    drawn.
    """

    def __init__(self, *, paradigms: int, within_weight: float, between_weight: float, **rest: Any) -> None:
        super().__init__(**rest)
        arguments: Any = self.args
        rows = arguments.generation_batch_size // self.num_generations
        if self.shuffle_dataset or rows % paradigms:
            raise ValueError(
                "the rows of a sample must stay in one batch: no shuffling, whole samples per batch"
            )
        if self.ref_model is not None:
            # Where all weights are trained: the library's own is the run's base, without the experts.
            policy: Any = self.model
            self.ref_model.load_state_dict(policy.state_dict())
        self._paradigms = paradigms
        self._within_weight = within_weight
        self._between_weight = between_weight
        self._rows: list[dict[str, Any]] = []
        self._rewards = torch.empty(0)

    def _generate(self, prompts: list[Any]) -> Any:
        """Draw completions under the rollout prompts, but hand back the tokens of the loss prompts."""
        with self.accelerator.autocast():  # the library's generation has none; the log-probs do
            return self._drawn(prompts)

    def _drawn(self, prompts: list[Any]) -> Any:
        if all(row["rollout_prompt"] == row["prompt"] for row in self._rows):
            return super()._generate(prompts)
        drawn = super()._generate([_with_images(row["rollout_prompt"], row) for row in self._rows])
        prompt_ids, images, _ = self._tokenize_prompts(prompts)
        # (prompt ids, completion ids, tool mask, completions, logprobs, extra fields, images, tool images)
        return (prompt_ids, *drawn[1:6], images, *drawn[7:])

    def _calculate_rewards(
        self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any
    ) -> Any:
        """Keep the rewards of all processes, shape (completions, reward functions). Raises NotFinite."""
        self._rewards = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        # Not left out as missing: GBA's rewards are always numbers, so one that is none hides a mistake.
        for number, name in enumerate(self.reward_func_names):
            self._check(self._rewards[:, number], f"the reward {name}")
        return self._rewards

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Replace the group advantages by the guideline-based ones. Raises NotFinite."""
        self._rows = inputs
        try:
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        except RuntimeError as error:
            if _NO_PROBABILITIES not in str(error):
                raise
            raise self._not_finite("what the model gives as probabilities of the next word") from error
        first = self.accelerator.process_index * len(inputs)
        guided = self._guideline_advantages()
        self._check(guided, "an advantage")
        output["advantages"] = guided[first : first + len(inputs)]
        return output

    def _guideline_advantages(self) -> torch.Tensor:
        scored = self._rewards
        rewards = (scored * self.reward_weights.to(scored.device).unsqueeze(0)).sum(dim=1)
        shape = (-1, self._paradigms, int(self.num_generations or 1))
        blocks = rewards.view(*shape)
        return advantages(blocks, self._within_weight, self._between_weight).reshape(-1)

    def _check(self, values: torch.Tensor, what: str) -> None:
        if not is_finite(values):
            raise self._not_finite(what)

    def _not_finite(self, what: str) -> NotFinite:
        step = self.state.global_step + 1
        return NotFinite(f"step {step}: {what} is NaN or infinite. Nothing is published. {ADVICE}")


def _with_images(prompt: list[dict[str, Any]], row: dict[str, Any]) -> Any:
    return prepare_multimodal_messages(prompt, images=row["images"])
