"""Figures of a step by name, and the completions that are kept of it."""

import json
import math
from pathlib import Path

import pytest
import torch

from training.job.kept_samples import SAMPLES, KeptSamples, kept_lines
from training.job.step_figures import drift_figures, part_figures, told_figures

NAN = float("nan")


def test_figures_are_told_under_their_own_names() -> None:
    entry = {"loss": 0.5, "learning_rate": 1e-5, "kl": None, "clip_ratio/region_mean": 0.1, "step_time": 3}
    own = {"gba/differential/reward/mean": 1.5, "gba/log_ratio": None}
    assert told_figures(entry | own) == {
        "loss": 0.5,
        "lr": 1e-5,
        "clipped": 0.1,
        "differential/reward/mean": 1.5,
    }


def test_parts_have_mean_spread_and_share_of_zeros_by_paradigm() -> None:
    values = torch.tensor([[[0.0, 1.0], [NAN, 2.0]], [[1.0, 0.0], [NAN, NAN]]])
    assert part_figures({"reward": values}, ("differential", "intuitive")) == {
        "reward/mean": pytest.approx(0.8),
        "differential/reward/mean": 0.5,
        "differential/reward/std": pytest.approx(math.sqrt(1 / 3)),
        "differential/reward/zero": 0.5,
        "intuitive/reward/mean": 2.0,
        "intuitive/reward/zero": 0.0,
    }
    assert part_figures({"accuracy": values}, ("differential",)).keys() == {
        "accuracy/mean", "differential/accuracy/mean",
    }  # fmt: skip
    assert part_figures({"judge": torch.full((2, 1, 2), NAN)}, ("differential",)) == {}


def test_drift_is_a_mean_per_token_and_a_share_of_the_completions() -> None:
    """Two completions; the second one's ratio is three times the first one's, however small both are."""
    rows = torch.tensor([[0.2, 4.0, -500.0], [1.0, 8.0, -500.0 + math.log(3)]])
    found = drift_figures(rows)
    assert found["log_ratio"] == pytest.approx(0.1)
    assert found["sample_share"] == pytest.approx((1 + 3) ** 2 / (1 + 9) / 2, abs=1e-4)
    assert drift_figures(torch.zeros(8, 3)) == {"log_ratio": 0.0, "sample_share": 1.0}


def test_completions_are_kept_now_and_then(tmp_path: Path) -> None:
    kept = KeptSamples(tmp_path, 10)
    assert [step for step in range(1, 32) if kept.wants(step)] == [1, 11, 21, 31]
    assert not KeptSamples(tmp_path, 0).wants(1)
    odd = "two\u2028lines\nand \u00e4"
    kept.keep(1, [{"text": odd}, {"text": "b"}])
    kept.keep(11, [{"text": "c"}])
    with (tmp_path / SAMPLES).open("a", encoding="utf-8") as file:
        file.write('{"step": 21, "te')  # killed while it wrote
    found = [one for _, one in kept_lines(tmp_path / SAMPLES)]
    assert found == [{"step": 1, "text": odd}, {"step": 1, "text": "b"}, {"step": 11, "text": "c"}]

    # Resumed from step 10: what came after it is drawn again.
    again = KeptSamples(tmp_path, 10)
    again.keep(11, [{"text": "other"}])
    again.keep(21, [{"text": "d"}])
    lines = (tmp_path / SAMPLES).read_text(encoding="utf-8").split("\n")
    assert [json.loads(line)["text"] for line in lines if line] == [odd, "b", "other", "d"]

    (tmp_path / SAMPLES).unlink()
    again.keep(31, [{"text": "e"}])
    assert [one["step"] for _, one in kept_lines(tmp_path / SAMPLES)] == [31]
