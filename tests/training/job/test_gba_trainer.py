"""GBA's trainer in this process: its figures, its judge, its engine and its dev questions."""

import dataclasses
import json
import stat
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from tests.training.job.conftest import gba_spec
from tests.training.job.generating import replies_of
from tests.training.job.release import write_release
from training.job import data, gba
from training.job.advantages import advantages
from training.job.dev_accuracy import dev_sample
from training.job.files import weights_digest
from training.job.gba_trainer import engine_ratio
from training.job.judge import Judge, JudgedAnswer, Scores
from training.job.kept_samples import SAMPLES
from training.job.models import publish_model
from training.job.progress import Progress
from training.job.rewards import is_right
from training.job.spec import GbaSettings, Spec, SpecError, parse_spec
from training.job.step_figures import told_figures
from training.job.stop_flag import StopFlag
from training.job.train import Context

SMALL: dict[str, Any] = {
    "max_steps": 1, "samples_per_step": 2, "micro_batch": 16, "max_new_tokens": 24, "checkpoint_every": 50,
}  # fmt: skip


class Told(TrainerCallback):
    """What the trainer logs, step by step."""

    def __init__(self) -> None:
        self.figures: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if "loss" in kwargs["logs"]:
            self.figures.append(told_figures(kwargs["logs"]))


class Ready(Judge):
    """Scores by a rule, at once."""

    def __init__(self, rule: Callable[[int, JudgedAnswer], Scores | None]) -> None:
        super().__init__("judge", Path(), Progress(None), StopFlag())
        self._rule = rule
        self.asked: list[JudgedAnswer] = []

    def scores(self, step: int, answers: Sequence[JudgedAnswer]) -> list[Scores | None]:
        self.asked += answers
        return [self._rule(number, answer) for number, answer in enumerate(answers)]


def spec_of(bench: Path, out: Path, **settings: Any) -> Spec:
    asked = gba_spec(bench, "unused", bench, start_from="base", **SMALL | settings)
    out.mkdir()
    return parse_spec(asked | {"experts": [], "out": str(out)})


def trainer_of(spec: Spec, judge: Judge | None = None, told: Told | None = None, rows: int = 4) -> Any:
    assert spec.data is not None
    return gba.trainer_for(spec, data.load(spec.data)[:rows], [told] if told else [], judge)


def first_batch(trainer: Any) -> list[dict[str, Any]]:
    batch: list[dict[str, Any]] = next(iter(trainer.get_train_dataloader()))
    return batch


def digest(trainer: Any, folder: Path) -> str:
    trainer.model.save_pretrained(folder)
    return weights_digest(folder)


def test_a_step_tells_every_figure_by_paradigm_and_keeps_a_few_completions(
    bench: Path, tmp_path: Path
) -> None:
    told = Told()
    spec = spec_of(bench, tmp_path / "run")
    trainer = trainer_of(spec, told=told)
    trainer.train()
    figures = told.figures[0]
    assert {"loss", "reward", "lr", "kl", "length", "cut", "clipped"} <= figures.keys()
    rewards = (trainer._rewards * torch.tensor([1.0, 0.5])).sum(dim=1).view(2, 4, 2)
    gained = advantages(rewards, 0.5, 0.25)
    assert figures["reward"] == pytest.approx(float(rewards.mean()))
    for number, name in enumerate(("differential", "intuitive", "analytical", "bayesian")):
        assert figures[f"{name}/reward/mean"] == pytest.approx(float(rewards[:, number].mean()))
        assert figures[f"{name}/reward/std"] == pytest.approx(float(rewards[:, number].std()))
        right = trainer._rewards[:, 0].view(2, 4, 2)[:, number]
        assert figures[f"{name}/accuracy/mean"] == pytest.approx(float(right.mean()))
        assert figures[f"{name}/advantage/mean"] == pytest.approx(float(gained[:, number].mean()), abs=1e-6)
        assert figures[f"{name}/advantage/zero"] == float((gained[:, number] == 0).float().mean())
    assert 0 < figures["log_ratio"] < 5
    assert 1 / 16 <= figures["sample_share"] < 1
    assert not any("judge" in name for name in figures)

    kept = spec.out / SAMPLES
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert [line["paradigm"] for line in lines] == ["differential", "intuitive", "analytical", "bayesian"]
    assert {line["step"] for line in lines} == {1}
    assert [line["reward"] for line in lines] == pytest.approx(rewards[0, :, 0].tolist())
    assert all(line["text"] and line["row"] == lines[0]["row"] for line in lines)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


class SameWeights:
    """Stands in for vLLM: draws with the trainer's own weights, and tells what it drew with."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        self.drawn_under: list[list[int]] = []

    def sync_weights(self) -> None:
        pass

    def generate(self, prompts: Any, images: Any, num_generations: int, profiler: Any) -> Any:
        self.drawn_under = prompts
        texts = ["<think>so</think><answer>A</answer>", "<think>red colour</think><answer>B</answer>"]
        tokens = [self._trainer._tokenizer(texts[place % 2])["input_ids"] for place in range(len(prompts))]
        told = [
            self._probabilities(prompt, shown, reply)
            for prompt, shown, reply in zip(prompts, images, tokens, strict=True)
        ]
        return prompts, tokens, told, None

    def _probabilities(self, prompt: list[int], images: Any, reply: list[int]) -> list[list[float]]:
        processor, model = self._trainer.processing_class, self._trainer.model
        pixels = processor.image_processor(images, return_tensors="pt")["pixel_values"]
        ids = torch.tensor([prompt + reply])
        kinds = (ids == model.config.image_token_id).long()
        with torch.no_grad():
            logits = model(input_ids=ids, pixel_values=pixels, token_type_ids=kinds).logits[0]
        logs = (logits / self._trainer.temperature).log_softmax(dim=-1)
        places = range(len(prompt) - 1, len(prompt) + len(reply) - 1)
        return [[float(logs[place, token])] for place, token in zip(places, reply, strict=True)]


@pytest.mark.parametrize("prompt", ["neutral", "guided"])
def test_an_engine_of_the_same_weights_is_not_corrected(bench: Path, tmp_path: Path, prompt: str) -> None:
    """TRL compares its probabilities under the guided prompt with those under the neutral one."""
    chosen = {"between_weight": 0.0} if prompt == "guided" else {}
    trainer = trainer_of(spec_of(bench, tmp_path / "run", train_prompt=prompt, **chosen))
    trainer.use_vllm = True
    trainer.vllm_generation = engine = SameWeights(trainer)
    trainer._last_loaded_step = -1
    output = trainer._generate_and_score_completions(first_batch(trainer))
    mask = output["completion_mask"].bool()
    ratio = output["importance_sampling_ratio"][mask]
    assert torch.allclose(ratio, torch.ones_like(ratio), atol=1e-3)
    by_trl = (output["old_per_token_logps"] - output["sampling_per_token_logps"])[mask].exp()
    drawn = trainer.processing_class.batch_decode(engine.drawn_under)
    assert len(set(drawn)) == 2 * 4
    assert (float((by_trl - 1).abs().max()) > 0.02) is (prompt == "neutral")


def test_the_ratio_of_an_engine_is_truncated_and_one_where_nothing_is_known() -> None:
    trainer = torch.tensor([[-1.0, -1.0, -1.0, -1.0]])
    engine = torch.tensor([[-1.5, -9.0, float("nan"), -4.0]])
    found = engine_ratio(trainer, engine, torch.tensor([[1, 1, 1, 0]]), most=3.0)
    assert found[0].tolist() == pytest.approx([1.6487, 3.0, 1.0, 1.0], abs=1e-4)


def right_and_wrong(trainer: Any, replies: Sequence[str]) -> None:
    """Have rollouts say these, in turn, whatever the model would."""
    tokens = [trainer._tokenizer(text)["input_ids"] for text in replies]

    def drawn(prompts: Any, *_rest: Any, **_named: Any) -> Any:
        return [tokens[place % len(tokens)] for place in range(len(prompts))], None

    trainer._generate_single_turn = drawn


def test_the_reward_variant_asks_of_right_answers_and_ranks_them_alone(bench: Path, tmp_path: Path) -> None:
    def lopsided(number: int, answer: JudgedAnswer) -> Scores | None:
        return None if number % 4 == 3 else {"differential": 1 + number % 4, "intuitive": 1 + number % 4}

    judge = Ready(lopsided)
    trainer = trainer_of(spec_of(bench, tmp_path / "run", variant="reward", judge="judge"), judge)
    batch = first_batch(trainer)
    assert {row["paradigm"] for row in batch} == {"neutral"}
    assert len({row["row_id"] for row in batch[:8]}) == 1
    golds = [batch[0]["gold"], batch[8]["gold"]]
    wrong = next(letter for letter in "ABCD" if letter not in golds)
    # Four right answers and four wrong ones to each sample; both right letters would be right for one.
    right_and_wrong(trainer, [f"<think>so</think><answer>{wrong}</answer>"])
    silent = trainer._generate_and_score_completions(batch)
    assert (judge.asked, silent["advantages"].count_nonzero()) == ([], 0)
    texts = [f"<think>so</think><answer>{letter}</answer>" for letter in (golds[0], wrong)]
    right_and_wrong(trainer, texts)
    advantage = trainer._generate_and_score_completions(batch)["advantages"].view(2, 8)
    rewards = trainer._parts()["reward"].view(2, 8)
    assert len(judge.asked) in (4, 8)  # the letter of the first sample may be right for the second one too
    assert {answer.row for answer in judge.asked} <= {row["row_id"] for row in batch}
    assert all(golds[0] in answer.text for answer in judge.asked)
    assert rewards[0, 1::2].tolist() == [0.5] * 4
    # z of 1, 2, 3 in two of four paradigms, the fourth answer without a score between them.
    z = 1 / (1 + 1e-4)
    assert rewards[0, ::2].tolist() == pytest.approx(
        [1.5 - 0.1 * z / 2, 1.5, 1.5 + 0.1 * z / 2, 1.5], abs=1e-5
    )
    assert advantage[0, ::2].min() > advantage[0, 1::2].max()
    assert torch.allclose(advantage, advantages(rewards.unsqueeze(1), 0.5, 0.25).squeeze(1))
    assert trainer._metrics["train"]["gba/judge/missing"][-1] == 0.25


def test_a_judge_reward_counts_the_own_paradigm_and_no_missing_score(bench: Path, tmp_path: Path) -> None:
    def rule(number: int, answer: JudgedAnswer) -> Scores | None:
        return None if number == 0 else {"differential": 5, "intuitive": 1, "analytical": 3, "bayesian": 3}

    judge = Ready(rule)
    spec = spec_of(bench, tmp_path / "run", judge="judge", judge_weight=0.4)
    trainer = trainer_of(spec, judge)
    batch = first_batch(trainer)
    right_and_wrong(trainer, ["<think>so</think><answer>Z</answer>"])
    output = trainer._generate_and_score_completions(batch)
    assert len(judge.asked) == 16
    rewards = trainer._parts()["reward"]
    # Shares 1, 0, 0.5, 0.5 of the scale; the first sample's mean is that of its seven scores.
    mean = (1 + 0 + 0 + 4 * 0.5) / 7
    expected = [0.5, 0.5 + 0.4 * (1 - mean), *[0.5 - 0.4 * mean] * 2, *[0.5 + 0.4 * (0.5 - mean)] * 4]
    assert rewards[0].flatten().tolist() == pytest.approx(expected, abs=1e-6)
    assert rewards[1].mean().item() == pytest.approx(0.5)
    figures = {name: values[-1] for name, values in trainer._metrics["train"].items()}
    assert figures["gba/judge/missing"] == pytest.approx(1 / 16)
    assert figures["gba/differential/judge/mean"] == 5
    assert figures["reward"] == pytest.approx(float(rewards.mean()))
    assert output["advantages"].view(2, 4, 2)[1, 0].min() > output["advantages"].view(2, 4, 2)[1, 1].max()


def test_dev_questions_are_answered_and_training_does_not_notice(bench: Path, tmp_path: Path) -> None:
    release = write_release(tmp_path / "data", 24)
    lines = [json.loads(line) for line in (release / "rows.jsonl").read_text().splitlines()]
    dev = [line | {"split": "dev", "reasoning": None} for line in lines[8:]]
    (release / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines[:8] + dev))
    spec = dataclasses.replace(
        spec_of(bench, tmp_path / "run", evaluate_every=1, evaluate_rows=3, max_new_tokens=64), data=release
    )
    told, settings = Told(), spec.settings
    assert isinstance(settings, GbaSettings)
    trainer = trainer_of(spec, told=told)
    trainer.train()
    without = dataclasses.replace(spec, settings=dataclasses.replace(settings, evaluate_every=0))
    usual = trainer_of(without)
    usual.train()
    assert digest(trainer, tmp_path / "one") == digest(usual, tmp_path / "two")

    shares = {name: value for name, value in told.figures[0].items() if name.startswith("dev/")}
    publish_model(trainer.model.merge_and_unload(), spec.base, tmp_path / "made")
    asked = dev_sample(release, 3, spec.seed)
    assert asked == dev_sample(release, 3, spec.seed) != dev_sample(release, 3, spec.seed + 1)
    replies = replies_of(
        tmp_path / "made", [("", one.images[0].read_bytes(), one.prompt()) for one in asked], 64
    )
    right = defaultdict(list)
    for one, reply in zip(asked, replies, strict=True):
        right[f"dev/{one.specialty}"].append(is_right(reply, one.gold, "ABCD"))
    assert len(right) == 4
    assert shares == {name: pytest.approx(sum(found) / 3) for name, found in right.items()}
    assert 0 < sum(shares.values()) < 4


def test_a_release_without_dev_questions_is_refused(bench: Path) -> None:
    with pytest.raises(
        SpecError, match="evaluate_every asks dev questions; data: the release holds no dev question"
    ):
        dev_sample(bench / "data", 3, 1)


def test_an_engine_that_is_not_installed_is_refused(bench: Path, tmp_path: Path) -> None:
    spec = spec_of(bench, tmp_path / "run", rollout_engine="vllm_colocate")
    with pytest.raises(SpecError, match="rollout_engine: vllm_colocate needs the package vllm"):
        gba.run(Context(spec, Progress(None), StopFlag()))
