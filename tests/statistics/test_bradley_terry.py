"""Strengths from wins: published abilities and errors, shapes of input, invariances."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilium.statistics.bradley_terry import BradleyTerry, Games, bradley_terry, games_of_rows
from consilium.statistics.cases import BadCaseError, compute

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())["cases"]
BASEBALL = next(case for case in GOLDEN if case["id"] == "bt_baseball_home_advantage")["input"]
NAMES = ["w", "x", "y", "z"]


def fitted_to(games: list[Games], **settings: float | bool) -> BradleyTerry:
    found = bradley_terry(games, **settings)  # type: ignore[arg-type]
    assert isinstance(found, BradleyTerry)
    return found


def test_baseball_without_and_with_home_advantage() -> None:
    """Abilities against Baltimore and their errors, as the vignette of the R package BradleyTerry2 prints."""
    teams = ("Boston", "Cleveland", "Detroit", "Milwaukee", "New York", "Toronto")
    plain = compute("bradley_terry_mle", {**BASEBALL, "reference": "Baltimore"})
    abilities = (1.1077, 0.6839, 1.4364, 1.5814, 1.2476, 1.2945)
    errors = (0.3339, 0.3319, 0.3396, 0.3433, 0.3359, 0.3367)
    for team, ability, error in zip(teams, abilities, errors, strict=True):
        assert plain["log_ability"][team] == pytest.approx(ability, abs=6e-5)
        assert plain["log_ability_se"][team] == pytest.approx(error, abs=6e-5)
    assert plain["log_ability"]["Baltimore"] == plain["log_ability_se"]["Baltimore"] == 0.0
    at_home = compute("bradley_terry_mle_with_order_effect", BASEBALL)
    assert at_home["order_effect_se"] == pytest.approx(0.1309, abs=6e-5)


def test_wins_with_a_geometric_mean_of_one() -> None:
    """The worked example of Wikipedia's article on the model."""
    wins = {"A": {"B": 2, "D": 1}, "B": {"A": 3, "C": 5}, "C": {"B": 3, "D": 1}, "D": {"A": 4, "C": 3}}
    found = compute("bradley_terry_mle", {"wins": wins, "normalisation": "geometric mean 1"})
    assert found == {name: pytest.approx(value, abs=5e-4)
                     for name, value in zip("ABCD", (0.640, 1.043, 0.660, 2.270), strict=True)}  # fmt: skip
    with pytest.raises(BadCaseError, match="geometric mean 1"):
        compute("bradley_terry_mle", {"wins": wins, "normalisation": "none"})


def test_errors_are_those_of_repeated_play() -> None:
    draw = np.random.default_rng(4)
    pairs = [(one, other) for one in NAMES for other in NAMES if one != other]
    strength = dict(zip(NAMES, (0.6, 0.2, -0.2, -0.6), strict=True))
    found = []
    for _ in range(300):
        games = []
        for one, other in pairs:
            chance = 1 / (1 + math.exp(-(strength[one] - strength[other] + 0.3)))
            won = int(draw.binomial(40, chance))
            games.append(Games(one, other, won, 40 - won))
        found.append(fitted_to(games, order_effect=True))
    for name in NAMES:
        spread = float(np.std([one.ability[name] for one in found]))
        assert spread == pytest.approx(np.mean([one.ability_se[name] for one in found]), rel=0.15)
    spread = float(np.std([one.order_effect for one in found]))
    assert spread == pytest.approx(np.mean([one.order_effect_se for one in found]), rel=0.15)


GAMES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 5), st.integers(0, 5)).filter(
        lambda game: game[0] != game[1]
    ),
    min_size=1,
    max_size=12,
)


@given(GAMES, st.randoms(use_true_random=False))
def test_order_of_rows_splitting_and_names_change_nothing(
    played: list[tuple[str, str, int, int]], order: random.Random
) -> None:
    games = [Games(*game) for game in played]
    rows = [row for game in games for row in written_out(game)]
    order.shuffle(rows)
    for order_effect in (False, True):
        one = bradley_terry(games, order_effect=order_effect, players=NAMES)
        two = bradley_terry(games_of_rows(rows), order_effect=order_effect, players=NAMES)
        if not isinstance(one, BradleyTerry) or not isinstance(two, BradleyTerry):
            assert one == two
            continue
        assert two.ability == {name: pytest.approx(value, abs=1e-6) for name, value in one.ability.items()}
        assert two.ability_se == {
            name: pytest.approx(value, abs=1e-6) for name, value in one.ability_se.items()
        }


def written_out(game: Games) -> list[tuple[str, str, str]]:
    return [(game.first, game.second, game.first)] * int(game.first_wins) + [
        (game.first, game.second, game.second)
    ] * int(game.second_wins)


def test_twice_the_games_give_the_same_strengths_with_smaller_errors() -> None:
    games = [Games("x", "y", 6, 4), Games("y", "z", 7, 3), Games("z", "x", 5, 5)]
    once, twice = fitted_to(games), fitted_to(games * 2)
    assert twice.ability == pytest.approx(once.ability)
    for name, error in once.ability_se.items():
        assert twice.ability_se[name] == pytest.approx(error / math.sqrt(2))


def test_what_cannot_be_used_is_refused() -> None:
    games = [Games("x", "y", 6, 4)]
    with pytest.raises(ValueError, match="none of the players"):
        fitted_to(games).relative_to("z")
    with pytest.raises(ValueError, match="neither"):
        games_of_rows([("x", "y", "z")])
    for wins in (math.nan, math.inf):
        with pytest.raises(ValueError, match="numbers and not negative"):
            bradley_terry([Games("x", "y", wins, 1)])


def test_a_ridge_is_stated() -> None:
    wins = {"A": {"B": 5}, "B": {"A": 0}, "C": {}}
    assert set(compute("bradley_terry_mle", {"wins": wins})) == {"undefined"}
    found = compute("bradley_terry_mle", {"wins": wins, "ridge": 0.5})
    assert found["ridge"] == 0.5
    assert found["ability"]["A"] > found["ability"]["C"] > found["ability"]["B"]
