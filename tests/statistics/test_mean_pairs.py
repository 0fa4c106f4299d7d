"""Pairs of models by their mean scores: what two of them give alone, all of them give together."""

import numpy as np
import pytest

from consilium.statistics.bootstrap import ClusterWeights
from consilium.statistics.mean_pairs import compared_means
from consilium.statistics.paired import mean_difference_interval, sign_flip_p
from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Undefined

CLUSTERS = [f"p{number // 3}" for number in range(120)]


def panel() -> dict[str, Array]:
    draw = np.random.default_rng(5)
    words = np.round(draw.random(120), 2)
    return {
        name: (draw.random(120) < share).astype(float) for name, share in (("weak", 0.3), ("strong", 0.7))
    } | {
        "words": words,
        "twin": words.copy(),
    }


def test_every_pair_is_what_it_would_be_alone() -> None:
    scores = panel()
    found = compared_means(scores, CLUSTERS)
    assert len(found) == 6
    for (one, other), pair in found.items():
        first, second = scores[one].tolist(), scores[other].tolist()
        assert pair.difference.value == pytest.approx(np.mean(scores[one]) - np.mean(scores[other]))
        alone = mean_difference_interval(first, second, ClusterWeights(CLUSTERS))
        assert not isinstance(alone, Undefined)
        assert not isinstance(pair.difference.interval, Undefined)
        assert (pair.difference.interval.low, pair.difference.interval.high) == pytest.approx(
            (alone.low, alone.high)
        )
        assert pair.p == pytest.approx(sign_flip_p(first, second, CLUSTERS))
    assert found["weak", "strong"].p < 0.001
    assert (found["words", "twin"].difference.value, found["words", "twin"].p) == (0, 1)


def test_models_in_another_order_are_the_same_pairs_turned_round() -> None:
    scores = panel()
    turned = compared_means(dict(reversed(scores.items())), CLUSTERS)
    for (one, other), pair in compared_means(scores, CLUSTERS).items():
        against = turned[other, one]
        assert isinstance(pair.difference.value, float)
        assert isinstance(against.difference.value, float)
        assert (pair.difference.value, pair.p) == pytest.approx((-against.difference.value, against.p))


def test_one_cluster_has_no_interval_and_an_exact_p() -> None:
    two = {"one": np.array([1.0, 1.0]), "other": np.array([0.0, 1.0])}
    (pair,) = compared_means(two, ["same", "same"]).values()
    assert isinstance(pair.difference.interval, Undefined)
    assert pair.p == 1
    assert compared_means({"alone": two["one"]}, ["a", "b"]) == {}


@pytest.mark.parametrize(
    ("scores", "clusters", "said"),
    [
        ({"one": [1.0], "other": [1.0, 0.0]}, ["a", "b"], "a score for each"),
        ({"one": [], "other": []}, [], "There are items"),
        ({"one": [1.0], "other": [float("nan")]}, ["a"], "none is missing"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    scores: dict[str, list[float]], clusters: list[str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        compared_means({name: np.array(held) for name, held in scores.items()}, clusters)
