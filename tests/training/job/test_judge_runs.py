"""The judge stages as processes: what they report and publish, kill -9 with bit-identical resume, scoring."""

import json
import math
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from consilium.inference.model_folders import SCORE_HEAD
from tests.training.job.conftest import JUDGE_STAGES, Finished, finish, judge_spec
from tests.training.job.process import at, run_stage
from training.job import data
from training.job.files import weights_digest
from training.job.models import load_processor
from training.job.pairs import PreferencePair
from training.job.preferences import load_pairs
from training.job.reward_model import BradleyTerryTrainer, pair_inputs
from training.job.reward_scorer import RewardScorer
from training.job.spec import SpecError

WEIGHTS = "adapter_model.safetensors"


def losses(run: Finished) -> list[float]:
    return [event["loss"] for event in run.events if event["event"] == "step"]


@pytest.mark.parametrize("stage", JUDGE_STAGES)
def test_a_judge_that_is_killed_ends_bit_identical(
    bench: Path, judges: dict[str, Finished], stage: str
) -> None:
    spec = judge_spec(bench, stage, f"{stage}_killed")
    for event in ("step", "checkpoint"):
        assert run_stage(spec, at(event, 1))[1] == -signal.SIGKILL
    events, status = run_stage(spec, at("checkpoint", 2))
    assert (status, events[-1]["event"]) == (-signal.SIGKILL, "checkpoint")
    resumed = finish(spec)
    assert resumed.events[0]["resumed_from"] >= 2
    assert resumed.artifacts == judges[stage].artifacts
    assert resumed.events[-1]["metrics"] == judges[stage].events[-1]["metrics"]


@pytest.mark.parametrize("stage", JUDGE_STAGES)
def test_what_a_judge_leaves_behind(judges: dict[str, Finished], stage: str) -> None:
    run = judges[stage]
    assert run.artifacts["digest"] == weights_digest(run.out / "model")
    assert run.artifacts["adapter_digest"] == weights_digest(run.out / run.artifacts["adapter"])
    assert (run.out / "model" / "tokenizer.json").is_file()
    metrics = run.events[-1]["metrics"]
    told = {name for name in metrics if name.startswith("held_out")}
    bare = {"held_out_accuracy"}
    assert told == (bare if stage == "reward_model" else bare | {"held_out_accuracy_of_base"})
    assert all(0 <= metrics[name] <= 1 for name in told)
    read = json.loads((run.out / "run_card.json").read_text())["inputs"]
    assert (read["pairs"], read["left_out"]) == (9, {})
    assert len(read["trained_on"]["cases"]) == len(read["trained_on"]["clusters"]) == 9
    assert len(read["held_out"]["cases"]) == 3
    assert not set(read["trained_on"]["clusters"]) & set(read["held_out"]["clusters"])


def test_losses_are_those_of_the_methods(bench: Path, judges: dict[str, Finished]) -> None:
    # The reference of DPO is the base itself: before the first update both say the same.
    assert losses(judges["judge_dpo"])[0] == pytest.approx(math.log(2), abs=1e-6)
    with_reply = finish(judge_spec(bench, "judge_dpo", "with_reply", sft_weight=0.5, max_steps=1))
    assert losses(with_reply)[0] > math.log(2) + 0.5  # and half of the loss on a verdict it never saw
    scores = torch.tensor([2.0, -1.0, 0.5, 1.0])  # two better answers, then the two worse ones
    trainer = object.__new__(BradleyTerryTrainer)
    loss = float(trainer.compute_loss(lambda **_: scores, {}))
    gaps = (2.0 - 0.5, -1.0 - 1.0)
    assert loss == pytest.approx(sum(math.log(1 + math.exp(-gap)) for gap in gaps) / 2)


def test_parts_of_a_batch_train_the_same_reward_model(bench: Path, judges: dict[str, Finished]) -> None:
    """Else an update of four parts would be four times as large."""
    in_halves = judges["reward_model"]
    at_once = finish(judge_spec(bench, "reward_model", "at_once", micro_batch=4))
    assert losses(at_once) == pytest.approx(losses(in_halves), abs=1e-4)
    both = (load_file(run.out / run.artifacts["adapter"] / WEIGHTS) for run in (in_halves, at_once))
    halves, whole = both
    assert any("score" in name for name in halves)
    assert all(value.allclose(whole[name], atol=1e-4) for name, value in halves.items())


def test_a_reward_model_scores_each_answer_by_itself(
    judges: dict[str, Finished], preferences: Path, bench: Path
) -> None:
    folder = judges["reward_model"].out / "model"
    scorer = RewardScorer(folder, "cpu")
    (pair, *_) = load_pairs(preferences)
    better, worse = pair.answers_by_worth("overall")
    (score, tokens), (other, _) = (
        scorer.score(pair.question_prompt(), answer, pair.images) for answer in (better, worse)
    )
    assert (score != other, tokens > 20) == (True, True)
    # Training sees both side by side, the shorter one filled up.
    assert side_by_side(scorer, folder, pair, better, worse * 2)[0] == pytest.approx(score, abs=1e-4)
    with pytest.raises(SpecError, match=rf"has no {SCORE_HEAD}: it is no reward model"):
        RewardScorer(bench / "models" / "base")


def side_by_side(
    scorer: RewardScorer, folder: Path, pair: PreferencePair, chosen: str, rejected: str
) -> list[float]:
    words = {"chosen": chosen, "rejected": rejected}
    row = {
        "images": data.open_images([str(path) for path in pair.images], 3136),
        "prompt": [{"role": "user", "content": [{"type": "image"}, _part(pair.question_prompt())]}],
        **{name: [{"role": "assistant", "content": text}] for name, text in words.items()},
    }
    with torch.no_grad():
        found: list[float] = scorer._model(**pair_inputs(load_processor(folder), [row])).tolist()
    return found


def _part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def test_a_release_of_traces_teaches_no_judge(bench: Path) -> None:
    spec = judge_spec(bench, "judge_sft", "of_traces") | {"data": str(bench / "data")}
    events, status = run_stage(spec)
    assert (status, [event["event"] for event in events]) == (2, ["failed"])
    assert events[0]["message"].startswith("data: row 't0', rows.jsonl line 1 has no answer_a.")


@pytest.mark.soak
@pytest.mark.parametrize("stage", JUDGE_STAGES)
@pytest.mark.parametrize("trial", range(20))
def test_many_kills_of_a_judge_at_any_step(
    bench: Path, judges: dict[str, Finished], stage: str, trial: int
) -> None:
    spec = judge_spec(bench, stage, f"{stage}_soak_{trial}")
    for event, step in (("step", 1 + trial % 4), ("checkpoint", 1 + trial % 3), ("step", 4)):
        run_stage(spec, at(event, step))
    assert finish(spec).artifacts == judges[stage].artifacts
