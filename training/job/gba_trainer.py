"""GRPO whose advantages compare rollouts within and between reasoning paradigms.

Two private methods of TRL 1.16's GRPOTrainer are extended and two are wrapped; the equivalence tests hold
them to stock GRPO bit for bit, and the pin on trl keeps them where they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from accelerate.utils import broadcast_object_list, gather_object
from transformers import PrinterCallback
from trl.data_utils import prepare_multimodal_messages
from trl.models.utils import disable_gradient_checkpointing
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.utils import pad

from consilium.answers.paradigm_scores import HIGHEST, LOWEST
from consilium.answers.paradigms import PARADIGMS
from training.job import ranks
from training.job.advantages import advantages
from training.job.judge import Judge, JudgedAnswer, JudgeLost, Scores
from training.job.judge_terms import centred_score, paradigm_bonus
from training.job.kept_samples import AT_ONCE, KeptSamples
from training.job.numbers import ADVICE, NotFinite, is_finite
from training.job.shared_model import frozen_copy, is_shared
from training.job.spec import ADVANTAGE, NEUTRAL, GbaSettings
from training.job.step_figures import OWN, drift_figures, part_figures
from training.job.stop_flag import Stopped

_NO_PROBABILITIES = "probability tensor contains"  # torch.multinomial on NaN
# What the model gets of the images, whatever the prompt; and what it gets for each token of the prompt.
_OF_IMAGES = (
    "pixel_values", "image_grid_thw", "num_images", "num_tiles", "pixel_attention_mask", "spatial_shapes",
    "image_sizes", "image_position_ids",
)  # fmt: skip
_OF_TOKENS = ("token_type_ids", "mm_token_type_ids")


class GbaTrainer(GRPOTrainer):
    """One dataset row is one (sample, paradigm); the rows of a sample stand next to each other.

    A row has `prompt`, with which the loss is computed, and `rollout_prompt`, under which completions are
    drawn.
    """

    def __init__(
        self,
        *,
        settings: GbaSettings,
        judge: Judge | None = None,
        samples: KeptSamples | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        arguments: Any = self.args
        rows = arguments.generation_batch_size // self.num_generations
        if self.shuffle_dataset or rows % settings.prompts_per_sample:
            raise ValueError(
                "the rows of a sample must stay in one batch: no shuffling, whole samples per batch"
            )
        if self.ref_model is not None:
            # Where all weights are trained: the library's own is the run's base, without the experts.
            policy: Any = self.model
            if is_shared(settings):
                self.ref_model = frozen_copy(self)
            else:
                self.ref_model.load_state_dict(policy.state_dict())
        # A step has dozens of figures; they go into events, and would drown everything else in the log.
        self.remove_callback(PrinterCallback)
        self._settings = settings
        self._judge = judge
        self._samples = samples
        self._paradigms = settings.paradigms if settings.variant == ADVANTAGE else (NEUTRAL,)
        self._rows: list[dict[str, Any]] = []
        self._rewards = torch.empty(0)
        self._scores = torch.empty(0)

    def report(self, figures: Mapping[str, float]) -> None:
        """Have figures told with those of the step that goes on."""
        for name, value in figures.items():
            self._metrics["train"][OWN + name].append(value)

    def _generate(self, prompts: list[Any]) -> Any:
        """Draw completions under the rollout prompts, but hand back the tokens of the loss prompts."""
        with self.accelerator.autocast():  # the library's generation has none; the log-probs do
            return self._drawn(prompts)

    def _drawn(self, prompts: list[Any]) -> Any:
        if not self._settings.prompts_differ:
            return super()._generate(prompts)
        drawn = super()._generate(self._rollout_prompts())
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
        if self._judge is not None:
            self._scores = self._judged(self._judge, inputs, completions)
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
        parts = self._parts()
        guided = parts["advantage"].reshape(-1)
        self._check(guided, "an advantage")
        output["advantages"] = guided[first : first + len(inputs)]
        self._compare_prompts(output)
        self._tell(parts)
        return output

    def _parts(self) -> dict[str, torch.Tensor]:
        """Rewards, what they are made of, and advantages, each of shape (samples, paradigms, rollouts)."""
        scored = self._rewards
        shape = (-1, len(self._paradigms), int(self.num_generations or 1))
        rewards = (scored * self.reward_weights.to(scored.device).unsqueeze(0)).sum(dim=1).view(*shape)
        if self._judge is not None:
            rewards = rewards + self._judge_term(scored[:, 0].reshape(*shape))
        weights = self._settings.within_weight, self._settings.between_weight
        return {
            "reward": rewards,
            "accuracy": scored[:, 0].reshape(*shape),
            "format": scored[:, 1].reshape(*shape),
            "advantage": advantages(rewards, *weights),
        }

    # --- the judge ---

    def _judged(self, judge: Judge, inputs: Any, completions: Any) -> torch.Tensor:
        """Scores of the completions of all processes, (completions, four paradigms), NaN where there is none.

        Raises JudgeLost, Stopped.
        """
        first = self.accelerator.process_index * len(inputs)
        is_right = self._rewards[first : first + len(inputs), 0] > 0
        asks_all = self._settings.variant == ADVANTAGE
        asked: list[JudgedAnswer | None] = gather_object(
            [
                JudgedAnswer(row["row_id"], completion[0]["content"]) if asks_all or right else None
                for row, completion, right in zip(inputs, completions, is_right.tolist(), strict=True)
            ]
        )
        told = iter(self._ask(judge, [one for one in asked if one is not None]))
        table = [next(told) if one is not None else None for one in asked]
        known = [[(scores or {}).get(name, torch.nan) for name in PARADIGMS] for scores in table]
        wanted = sum(one is not None for one in asked)
        if wanted:
            self.report({"judge/missing": 1 - sum(map(bool, table)) / wanted})
        return torch.tensor(known, dtype=torch.float32, device=self._rewards.device)

    def _ask(self, judge: Judge, answers: list[JudgedAnswer]) -> list[Scores | None]:
        """Rank 0 asks for all processes; none of them waits for one that gave up."""
        told: list[Any] = [None]
        fault: Exception | None = None
        step = self.state.global_step + 1
        if ranks.is_first():
            try:
                told = [judge.scores(step, answers)]
            except (JudgeLost, Stopped) as error:
                fault = error
        broadcast_object_list(told)
        if told[0] is None:
            raise fault or Stopped(step - 1)
        scores: list[Scores | None] = told[0]
        return scores

    def _judge_term(self, accuracy: torch.Tensor) -> torch.Tensor:
        """What the judge adds to the rewards; (samples, paradigms, rollouts)."""
        samples, paradigms, rollouts = accuracy.shape
        scores = self._scores.view(samples, paradigms, rollouts, len(PARADIGMS))
        if self._settings.variant != ADVANTAGE:
            bonus = paradigm_bonus(scores.squeeze(1), accuracy.squeeze(1) > 0)
            return self._settings.bonus_weight * bonus.unsqueeze(1)
        shares = (self._own_scores(scores) - LOWEST) / (HIGHEST - LOWEST)
        return self._settings.judge_weight * centred_score(shares.flatten(1)).view_as(accuracy)

    def _own_scores(self, scores: torch.Tensor) -> torch.Tensor:
        """Of each completion the score of the paradigm that drew it, the mean of all for a neutral one."""
        columns = [
            scores[:, number, :, PARADIGMS.index(name)]
            if name in PARADIGMS
            else scores[:, number].nanmean(dim=2)
            for number, name in enumerate(self._paradigms)
        ]
        return torch.stack(columns, dim=1)

    # --- the prompts that drew the completions, and those of the loss ---

    def _rollout_prompts(self) -> list[Any]:
        return [
            prepare_multimodal_messages(row["rollout_prompt"], images=row["images"]) for row in self._rows
        ]

    def _compare_prompts(self, output: dict[str, Any]) -> None:
        """Where the loss has another prompt than the rollouts: correct for the engine, and measure how far.

        An engine tells probabilities under the prompts that drew the completions. TRL would compare them with
        those under the prompt of the loss and take the change of the prompt for a fault of the engine, so its
        ratio is replaced by that of trainer and engine under one prompt.
        """
        every = self._settings.drift_every
        measures = bool(every) and self.state.global_step % every == 0
        corrects = "importance_sampling_ratio" in output
        if not self._settings.prompts_differ or not (measures or corrects):
            return
        mask, drew = output["completion_mask"], self._under_rollout_prompts(output)
        if corrects:
            told = output["sampling_per_token_logps"]
            most = self.vllm_importance_sampling_clip_max or math.inf
            output["importance_sampling_ratio"] = engine_ratio(drew, told, mask, most)
        if measures:
            ratios = (self._under_loss_prompts(output) - drew) * mask
            rows = torch.stack([ratios.abs().sum(dim=1), mask.sum(dim=1), ratios.sum(dim=1)], dim=1)
            self.report(drift_figures(self.accelerator.gather(rows).cpu()))

    def _under_loss_prompts(self, output: dict[str, Any]) -> torch.Tensor:
        """Log probability of each token of the completions under the prompt of the loss, (B, T)."""
        known: torch.Tensor | None = output.get("old_per_token_logps")
        if known is not None:
            return known
        of_tokens = {name: output[name] for name in _OF_TOKENS if name in output}
        return self._log_probabilities(output, output["prompt_ids"], output["prompt_mask"], of_tokens)

    def _under_rollout_prompts(self, output: dict[str, Any]) -> torch.Tensor:
        """The same under the prompts that drew them."""
        prompt_ids, _, fields = self._tokenize_prompts(self._rollout_prompts())
        rest = torch.zeros_like(output["completion_ids"])
        of_tokens = {
            name: torch.cat([self._padded(fields[name], 0), rest], dim=1)
            for name in _OF_TOKENS
            if name in fields
        }
        ids = self._padded(prompt_ids, self._tokenizer.pad_token_id)
        return self._log_probabilities(
            output, ids, self._padded([[1] * len(one) for one in prompt_ids], 0), of_tokens
        )

    def _padded(self, rows: Any, value: int) -> torch.Tensor:
        tensors = [torch.as_tensor(row) for row in rows]
        padded: torch.Tensor = pad(tensors, padding_value=value, padding_side="left")
        return padded.to(self.accelerator.device)

    def _log_probabilities(
        self,
        output: dict[str, Any],
        prompt_ids: torch.Tensor,
        prompt_mask: torch.Tensor,
        of_tokens: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        completion_ids = output["completion_ids"]
        of_images = {name: output[name] for name in _OF_IMAGES if name in output}
        arguments: Any = self.args
        model: Any = self.model
        with (
            torch.no_grad(),
            disable_gradient_checkpointing(model, arguments.gradient_checkpointing_kwargs),
        ):
            found, _, _ = self._get_per_token_logps_and_entropies(
                model,
                torch.cat([prompt_ids, completion_ids], dim=1),
                torch.cat([prompt_mask, output["completion_mask"]], dim=1),
                completion_ids.size(1),
                batch_size=arguments.per_device_train_batch_size,
                **of_images,
                **of_tokens,
            )
        logs: torch.Tensor = found
        return logs

    # --- what is shown and refused ---

    def _tell(self, parts: dict[str, torch.Tensor]) -> None:
        """Report the figures of the step, and keep a few completions of its first sample."""
        shown = {name: values.cpu() for name, values in parts.items()}
        if self._judge is not None:
            shape = (*shown["reward"].shape, len(PARADIGMS))
            scores = self._scores.cpu().view(*shape)
            if self._settings.variant == ADVANTAGE:
                shown["judge"] = self._own_scores(scores)
            else:
                self.report(part_figures({"judge": scores.squeeze(1).transpose(1, 2)}, PARADIGMS))
            # The trainer's own mean leaves the judge out.
            self._metrics["train"]["reward"][-1] = float(shown["reward"].mean())
        self.report(part_figures(shown, self._paradigms))
        step = self.state.global_step + 1
        if self._samples is not None and self._samples.wants(step):
            self._samples.keep(step, self._first_sample(shown))

    def _first_sample(self, parts: dict[str, torch.Tensor]) -> list[dict[str, Any]]:
        """A few of its completions, spread over its paradigms, each with what it earned."""
        rollouts = parts["reward"].shape[2]
        count = len(self._paradigms) * rollouts
        texts = [completion[0]["content"] for completion in self._logs["completion"]]
        return [
            {
                "row": self._rows[0]["row_id"],
                "paradigm": self._paradigms[place // rollouts],
                "text": texts[place],
                **{name: _number(values[0].flatten()[place]) for name, values in parts.items()},
            }
            for place in range(0, count, max(1, count // AT_ONCE))
        ][:AT_ONCE]

    def _check(self, values: torch.Tensor, what: str) -> None:
        if not is_finite(values):
            raise self._not_finite(what)

    def _not_finite(self, what: str) -> NotFinite:
        step = self.state.global_step + 1
        return NotFinite(f"step {step}: {what} is NaN or infinite. Nothing is published. {ADVICE}")


def engine_ratio(
    trainer: torch.Tensor, engine: torch.Tensor, mask: torch.Tensor, most: float
) -> torch.Tensor:
    """Return the importance ratio of trainer to engine for each token, at most `most`.

    `trainer`, `engine`: log probabilities under the same prompts, (B, T). Where the engine told none (NaN),
    and outside the mask, the ratio is 1.
    """
    return ((trainer - engine) * mask).nan_to_num(nan=0.0).exp().clamp(max=most)


def _number(value: torch.Tensor) -> float | None:
    return None if value.isnan() else round(float(value), 4)
