"""Merging on small tensors, against a plain implementation that sorts and loops."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pytest
import torch

from training.job import stored_tensors
from training.job.merge_methods import LayerReport, Merger, elect, kept_shares
from training.job.stored_tensors import Block
from training.job.trim import TrimSurvey

Plain = list[dict[str, np.ndarray]]


class Held:
    """Deltas held in memory."""

    device = "cpu"

    def __init__(self, values: dict[str, torch.Tensor]) -> None:
        self.values = values

    def names(self) -> Collection[str]:
        return self.values.keys()

    def shape(self, name: str) -> torch.Size:
        return self.values[name].shape

    def block(self, name: str, block: Block) -> torch.Tensor:
        return block.of(self.values[name])


class Done(NamedTuple):
    """One merged tensor and its report."""

    name: str
    delta: torch.Tensor
    report: LayerReport


def merge(held: Sequence[Held], method: str, density: float, seed: int = 0) -> list[Done]:
    """All tensors of a merge, in order of name."""
    survey = TrimSurvey(held, [density]) if method == "ties" else None
    merger = Merger(held, method, density, seed, survey=survey)
    shapes = {name: item.shape(name) for item in held for name in item.names()}
    whole = {
        name: torch.cat([rows for _, rows in merger.blocks(name)]).view(shapes[name]) for name in merger.names
    }
    reports = {report.name: report for report in merger.reports()}
    return [Done(name, whole[name], reports[name]) for name in whole]


def the_one(found: list[Done]) -> Done:
    (only,) = found
    return only


def sources(seed: int, models: int = 5) -> list[Held]:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"a.weight": (6, 5), "b.weight": (4, 7), "c.weight": (3, 3)}
    held = [
        Held({name: torch.randn(shape, generator=generator) for name, shape in shapes.items()})
        for _ in range(models)
    ]
    del held[0].values["c.weight"]  # an expert that did not change one of the tensors
    return held


def naive_ties(held: list[Held], density: float) -> dict[str, np.ndarray]:
    """TIES on flat float64 vectors: sort, cut, vote, average, one coordinate after the other."""
    shapes = {name: tensor.shape for item in held for name, tensor in item.values.items()}
    names = sorted(shapes)
    flat = [
        np.concatenate(
            [item.values.get(name, torch.zeros(shapes[name])).double().numpy().ravel() for name in names]
        )
        for item in held
    ]
    keep = round(density * flat[0].size)
    trimmed = []
    for vector in flat:
        order = np.argsort(-np.abs(vector), kind="stable")[:keep]
        kept = np.zeros_like(vector)
        kept[order] = vector[order]
        trimmed.append(kept)
    votes = [np.sign(sum(column)) for column in zip(*trimmed, strict=True)]
    majority = np.sign(sum(votes))
    merged = []
    for column, vote in zip(zip(*trimmed, strict=True), votes, strict=True):
        sign = vote or majority
        agreeing = [value for value in column if value and np.sign(value) == sign]
        merged.append(sum(agreeing) / len(agreeing) if agreeing else 0.0)
    result, place = {}, 0
    for name in names:
        size = shapes[name].numel()
        result[name] = np.array(merged[place : place + size]).reshape(shapes[name])
        place += size
    return result


@pytest.mark.parametrize("density", [0.1, 0.2, 0.5, 1.0])
@pytest.mark.parametrize(("seed", "largest"), [(0, 1 << 18), (1, 1 << 18), (2, 11)])
def test_ties_equals_the_plain_implementation(
    density: float, seed: int, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a tensor is one block or several."""
    monkeypatch.setattr(stored_tensors, "LARGEST", largest)
    held = sources(seed)
    expected = naive_ties(held, density)
    found = {item.name: item.delta.numpy() for item in merge(held, "ties", density)}
    assert sorted(found) == sorted(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-6)


def test_trimming_is_global_over_a_models_tensors() -> None:
    loud, quiet = torch.full((2, 5), 10.0), torch.full((2, 5), 0.1)
    found = {item.name: item.delta for item in merge([Held({"loud": loud, "quiet": quiet})], "ties", 0.5)}
    assert torch.equal(found["loud"], loud)
    assert torch.equal(found["quiet"], torch.zeros_like(quiet))


def test_exact_cancellation_takes_the_majority_sign() -> None:
    one, two = torch.tensor([2.0, 3.0, 4.0]), torch.tensor([-2.0, 1.0, 1.0])
    merged = the_one(merge([Held({"w": one}), Held({"w": two})], "ties", 1.0))
    assert merged.delta.tolist() == [2.0, 2.0, 2.5]
    assert merged.report.sign_conflict == pytest.approx(1 / 3)


def test_cancellation_without_a_majority_is_zero() -> None:
    delta, used = elect(torch.tensor([[1.0], [-1.0]]), majority=0.0)
    assert delta.tolist() == [0.0]
    assert not used.any()


def test_linear_and_task_arithmetic() -> None:
    held = sources(3, models=4)
    linear = {item.name: item.delta for item in merge(held, "linear", 0.2)}
    total = {item.name: item.delta for item in merge(held, "task_arithmetic", 0.2)}
    assert torch.allclose(
        linear["c.weight"] * 4,
        torch.stack([item.values["c.weight"] for item in held[1:]]).sum(dim=0),
        atol=1e-6,
    )
    assert torch.allclose(total["a.weight"], linear["a.weight"] * 4, atol=1e-6)


def test_dare_is_reproducible_by_seed_and_right_in_the_mean() -> None:
    held = [Held({"w": torch.ones(200, 200)})]
    first, again, other = (the_one(merge(held, "dare_ties", 0.25, seed)).delta for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert sorted(first.unique().tolist()) == [0.0, 4.0]
    assert float(first.mean()) == pytest.approx(1.0, abs=0.05)


def test_dare_drops_the_same_on_every_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU takes several blocks at once."""
    monkeypatch.setattr(stored_tensors, "LARGEST", 60)
    held = [Held({"w": torch.ones(50, 7)}), Held({"w": torch.ones(50, 7)})]
    (one,) = merge(held, "dare_ties", 0.5)
    monkeypatch.setitem(stored_tensors.AT_ONCE, "cpu", 3)
    (other,) = merge(held, "dare_ties", 0.5)
    assert one.delta.equal(other.delta)
    assert one.delta.unique().tolist() == [0.0, 2.0]


def test_report_figures() -> None:
    one, two = torch.tensor([4.0, 3.0, 0.0, 1.0]), torch.tensor([4.0, -1.0, 2.0, 0.0])
    report = the_one(merge([Held({"w": one}), Held({"w": two})], "ties", 0.5)).report
    # Kept: 4, 3 of the first and 4, 2 of the second; they meet in the first coordinate only and agree there.
    assert report.sign_conflict == 0.0
    assert report.mass_discarded == pytest.approx(1 - 13 / 15)
    assert report.cosines == [pytest.approx(13 / (26**0.5 * 21**0.5))]
    assert (report.size, report.kept) == (4, [2, 2])


def test_entries_equal_to_the_threshold_are_kept_and_the_share_is_told() -> None:
    one = torch.tensor([3.0, -1.0, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0])
    few = torch.tensor([1.0] + [0.0] * 9)
    merged = the_one(merge([Held({"w": one}), Held({"w": few})], "ties", 0.2))
    assert merged.report.kept == [5, 1]  # of 10; 0.2 would be 2
    assert kept_shares([merged.report]) == [0.5, 0.1]
    assert merged.delta.tolist() == [2.0, -1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("keep", [1, 7, 500, 999, 1000])
def test_threshold_is_the_exact_order_statistic(keep: int) -> None:
    generator = torch.Generator().manual_seed(5)
    values = torch.randn(1000, generator=generator) * 10.0 ** torch.randint(
        -20, 20, (1000,), generator=generator
    )
    expected = values.abs().sort(descending=True).values[keep - 1]
    held = Held({"one": values[:300].contiguous(), "two": values[300:].contiguous()})
    assert TrimSurvey([held], [keep / 1000]).thresholds(keep / 1000) == [float(expected)]


def test_thresholds_of_several_shares_come_from_one_survey() -> None:
    held = sources(4)
    shares = (0.1, 0.2, 0.3, 0.5)
    survey = TrimSurvey(held, shares)
    assert [survey.thresholds(share) for share in shares] == [
        TrimSurvey(held, [share]).thresholds(share) for share in shares
    ]


def test_nothing_is_kept_of_nothing() -> None:
    unchanged = TrimSurvey([Held({"w": torch.zeros(3)})], [0.5])
    assert (unchanged.changed, unchanged.thresholds(0.5)) == ([], [float("inf")])


def test_cosines_over_all_tensors() -> None:
    one = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([3.0])}
    two = {"a": torch.tensor([2.0, -1.0]), "b": torch.tensor([1.0])}
    merger = Merger([Held(one), Held(two)], "linear", 1.0)
    for name in merger.names:
        list(merger.blocks(name))
    assert merger.cosines() == [pytest.approx(3 / (14**0.5 * 6**0.5))]
