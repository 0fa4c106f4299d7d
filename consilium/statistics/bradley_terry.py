"""Strength of players from pairwise wins, with the advantage of being shown first."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from consilium.statistics.ratings import Array
from consilium.statistics.undefined import Maybe, Undefined

_MOST_STEPS = 200
# Odds beyond three million to one mean that the fit runs away: no finite sample of ours supports them.
_LARGEST_LOGIT = 15.0


@dataclass(frozen=True)
class Games:
    """All games of one ordered pair: `first` was shown first."""

    first: str
    second: str
    first_wins: float
    second_wins: float


@dataclass(frozen=True)
class BradleyTerry:
    """Abilities as log-odds with mean zero and as shares that sum to 1; the order effect is in log-odds.

    `ability_se` and `order_effect_se` are standard errors of these from the information matrix.
    `log_likelihood` excludes binomial coefficients and the penalty `ridge`.
    """

    ability: dict[str, float]
    ability_share: dict[str, float]
    ability_se: dict[str, float]
    order_effect: float
    order_effect_se: float
    log_likelihood: float
    ridge: float
    covariance: Array = field(repr=False, compare=False)

    def relative_to(self, reference: str) -> tuple[dict[str, float], dict[str, float]]:
        """Log-odds against one player, whose own is 0, and their standard errors.

        Raises:
            ValueError: the reference did not play.
        """
        if reference not in self.ability:
            raise ValueError(f"The reference {reference!r} is none of the players.")
        against = list(self.ability).index(reference)
        log_odds = {name: value - self.ability[reference] for name, value in self.ability.items()}
        own = np.diag(self.covariance)
        variances = own + own[against] - 2.0 * self.covariance[against]
        errors = np.sqrt(np.maximum(variances, 0.0))[: len(self.ability)]
        return log_odds, {name: float(error) for name, error in zip(self.ability, errors, strict=True)}

    @property
    def geometric(self) -> dict[str, float]:
        """Abilities as factors whose geometric mean is 1."""
        return {name: math.exp(value) for name, value in self.ability.items()}


def bradley_terry(
    games: Sequence[Games], *, order_effect: bool = False, ridge: float = 0.0, players: Sequence[str] = ()
) -> Maybe[BradleyTerry]:
    """Maximum likelihood by Newton's method (Bradley & Terry 1952; Davidson & Beaver 1977).

    Without `ridge` it is undefined where no maximum exists: when the players can be split so that one part
    never lost to the other (Ford 1957), or when the order decides every game of some comparison. A positive
    `ridge` (penalty ridge / 2 times the sum of squared log-odds) always has one, and must then be reported.

    Args:
        games: counts of wins.
        order_effect: fit the advantage of the first position.
        ridge: penalty.
        players: names beside those that played.

    Raises:
        ValueError: a negative count or ridge, or a player against itself.
    """
    _check(games, ridge)
    names = sorted({*players, *(name for game in games for name in (game.first, game.second))})
    if len(names) < 2:
        return Undefined("fewer than two players")
    if ridge == 0.0 and not _strongly_connected(names, games):
        return Undefined(
            "no maximum exists: some players never lost to, or never met, the others; set a ridge"
        )
    design, wins, totals = _arrays(names, games, order_effect)
    fitted = _maximise(design, wins, totals, ridge)
    if fitted is None:
        return Undefined(
            "no maximum exists: some comparison is decided by position or never lost; set a ridge"
        )
    information = _information(fitted, design, totals, ridge)
    covariance = np.asarray(np.linalg.pinv(information, rcond=1e-12, hermitian=True), dtype=np.float64)
    return BradleyTerry(
        **_abilities(names, fitted, covariance),
        order_effect=float(fitted[-1]) if order_effect else 0.0,
        order_effect_se=float(np.sqrt(covariance[-1, -1])) if order_effect else 0.0,
        log_likelihood=_log_likelihood(design @ fitted, wins, totals),
        ridge=ridge,
        covariance=covariance,
    )


def games_of_rows(rows: Sequence[tuple[str, str, str]]) -> list[Games]:
    """Games from rows of who was shown first, who second, and who won.

    Raises:
        ValueError: a winner who did not play.
    """
    wins: Counter[tuple[str, str, bool]] = Counter()
    for first, second, winner in rows:
        if winner not in (first, second):
            raise ValueError(f"The winner {winner!r} is neither {first!r} nor {second!r}.")
        wins[first, second, winner == first] += 1
    pairs = dict.fromkeys((first, second) for first, second, _ in wins)
    return [Games(one, other, wins[one, other, True], wins[one, other, False]) for one, other in pairs]


def _check(games: Sequence[Games], ridge: float) -> None:
    numbers = [ridge, *(wins for game in games for wins in (game.first_wins, game.second_wins))]
    if not all(0 <= number < 2**53 for number in numbers):
        raise ValueError("Wins and ridge are numbers and not negative.")
    if any(game.first == game.second for game in games):
        raise ValueError("A player cannot meet itself.")


def _strongly_connected(names: Sequence[str], games: Sequence[Games]) -> bool:
    beaten: dict[str, set[str]] = {name: set() for name in names}
    lost_to: dict[str, set[str]] = {name: set() for name in names}
    for game in games:
        for winner, loser, wins in (
            (game.first, game.second, game.first_wins),
            (game.second, game.first, game.second_wins),
        ):
            if wins > 0:
                beaten[winner].add(loser)
                lost_to[loser].add(winner)
    return all(_reached(names[0], edges) == len(names) for edges in (beaten, lost_to))


def _reached(start: str, edges: dict[str, set[str]]) -> int:
    seen, todo = {start}, [start]
    while todo:
        fresh = edges[todo.pop()] - seen
        seen |= fresh
        todo.extend(fresh)
    return len(seen)


def _arrays(names: Sequence[str], games: Sequence[Games], order_effect: bool) -> tuple[Array, Array, Array]:
    """Design (games, players + order term), first wins and totals; games never played are left out."""
    played = [game for game in games if game.first_wins + game.second_wins > 0]
    position = {name: index for index, name in enumerate(names)}
    design = np.zeros((len(played), len(names) + order_effect))
    for row, game in enumerate(played):
        design[row, position[game.first]] = 1.0
        design[row, position[game.second]] = -1.0
    if order_effect:
        design[:, -1] = 1.0
    wins = np.array([float(game.first_wins) for game in played])
    totals = np.array([float(game.first_wins + game.second_wins) for game in played])
    return design, wins, totals


def _maximise(design: Array, wins: Array, totals: Array, ridge: float) -> Array | None:
    """Newton steps with halving; None when the likelihood has no maximum at finite abilities."""
    beta = np.zeros(design.shape[1])
    current = _objective(beta, design, wins, totals, ridge)
    for _ in range(_MOST_STEPS):
        if ridge == 0.0 and float(np.abs(design @ beta).max(initial=0.0)) > _LARGEST_LOGIT:
            return None
        chance = 0.5 * (1.0 + np.tanh(design @ beta / 2.0))
        gradient = design.T @ (wins - totals * chance) - ridge * beta
        information = _information(beta, design, totals, ridge)
        # Least squares: abilities are determined up to a constant only.
        step = np.linalg.lstsq(information, gradient, rcond=1e-12)[0]
        if float(np.abs(step).max(initial=0.0)) < 1e-10:
            return beta
        size = 1.0
        while size > 1e-6 and _objective(beta + size * step, design, wins, totals, ridge) < current - 1e-12:
            size /= 2.0
        beta = beta + size * step
        current = _objective(beta, design, wins, totals, ridge)
    return None


def _information(beta: Array, design: Array, totals: Array, ridge: float) -> Array:
    chance = 0.5 * (1.0 + np.tanh(design @ beta / 2.0))
    return np.asarray((design.T * (totals * chance * (1.0 - chance))) @ design + ridge * np.eye(len(beta)))


def _objective(beta: Array, design: Array, wins: Array, totals: Array, ridge: float) -> float:
    return _log_likelihood(design @ beta, wins, totals) - ridge / 2.0 * float(beta @ beta)


def _log_likelihood(logit: Array, wins: Array, totals: Array) -> float:
    return float((wins * logit - totals * np.logaddexp(0.0, logit)).sum())


def _abilities(names: Sequence[str], beta: Array, covariance: Array) -> dict[str, dict[str, float]]:
    players = len(names)
    abilities = beta[:players] - beta[:players].mean()
    strengths = np.exp(abilities - abilities.max())
    centre = np.eye(players) - 1.0 / players
    errors = np.sqrt(np.diag(centre @ covariance[:players, :players] @ centre))
    columns = {"ability": abilities, "ability_share": strengths / strengths.sum(), "ability_se": errors}
    return {
        name: {player: float(value) for player, value in zip(names, column, strict=True)}
        for name, column in columns.items()
    }


def odds_multiplier(order_effect: float) -> float:
    """The factor by which the first position multiplies the odds of winning."""
    return math.exp(order_effect)
