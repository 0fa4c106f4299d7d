"""How strong the models that wrote the answers are, to the readers and to each judge."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmark.report.frame import ReportFrame
from benchmark.report.released_votes import ReleasedVote
from consilium.statistics.bradley_terry import BradleyTerry, Games, bradley_terry, games_of_rows
from consilium.statistics.correlation import kendall_tau_b
from consilium.statistics.panel import A, B, Codes
from consilium.statistics.undefined import Maybe, Undefined

# Half a vote against each log-odds of one: there is a maximum whatever was never lost.
RIDGE: Final = 0.5
_FEW: Final = Undefined("fewer than three models wrote answers")
# With a penalty there is always a ranking of two; who is lacking is said in the words of the page.
_ALONE: Final = Undefined("no verdict is about the answers of two named models")
_NOT_BOTH: Final = Undefined("not fitted for the readers and the judge")


@dataclass(frozen=True)
class Strengths:
    """Log-odds of each model, mean zero, with standard errors; `order_effect`: of being shown first, or none.

    `tau`: Kendall's tau-b of the ranking with that of the readers; undefined for the readers themselves.
    """

    ability: dict[str, float]
    ability_se: dict[str, float]
    order_effect: Maybe[float]
    order_effect_se: Maybe[float]
    ridge: float
    tau: Maybe[float]


@dataclass(frozen=True)
class AnswerModels:
    """Strengths to the readers, from single votes or from labels where there are none, and to every judge."""

    readers: Maybe[Strengths]
    judges: dict[str, Maybe[Strengths]]


def answer_models(frame: ReportFrame, votes: Sequence[ReleasedVote]) -> AnswerModels:
    """Bradley-Terry models of who wrote the better answer, overall, with a penalty of RIDGE.

    A judge's two orders are two games; a tie, an invalid reply and a pair of one model's answers are none.
    """
    panel, last = frame.panel, len(frame.panel.dimensions) - 1
    has_votes, met = bool(votes), _Met(frame.models)
    played = _voted(frame, votes) if has_votes else met.games([(panel.labels[last], False)])
    by_readers = bradley_terry(played, order_effect=has_votes, ridge=RIDGE)
    judges = {}
    for judge, name in enumerate(panel.judges):
        forward, backward = panel.stated(judge, last)
        games = met.games([(forward, False), (backward, True)])
        judges[name] = bradley_terry(games, order_effect=True, ridge=RIDGE)
    return AnswerModels(
        readers=_strengths(by_readers, Undefined("the readers' own ranking"), has_order=has_votes),
        judges={name: _strengths(found, _tau(by_readers, found)) for name, found in judges.items()},
    )


class _Met:
    """Which two models met in each case, numbered once for all judges: first shown, then second."""

    def __init__(self, models: Sequence[tuple[str, str]]) -> None:
        self._pairs: dict[tuple[str, str], int] = {}
        met = [(self._number(a, b), self._number(b, a)) if _is_game(a, b) else (-1, -1) for a, b in models]
        self._met = np.array(met, dtype=np.intp).reshape(-1, 2)

    def games(self, verdicts: Sequence[tuple[Codes, bool]]) -> list[Games]:
        """Games from letters in the cases' own frame; turned: B was shown first."""
        played = []
        for letters, is_turned in verdicts:
            pair = self._met[:, int(is_turned)]
            chosen = (pair >= 0) & ((letters == A) | (letters == B))
            played.append(2 * pair[chosen] + (letters[chosen] == (B if is_turned else A)))
        numbers, first = np.unique(np.concatenate(played) // 2, return_index=True)
        wins = np.bincount(np.concatenate(played), minlength=2 * len(self._pairs)).tolist()
        names = list(self._pairs)
        return [
            Games(names[pair][0], names[pair][1], first_wins=wins[2 * pair + 1], second_wins=wins[2 * pair])
            for pair in numbers[np.argsort(first)].tolist()
        ]

    def _number(self, first: str, second: str) -> int:
        return self._pairs.setdefault((first, second), len(self._pairs))


def _voted(frame: ReportFrame, votes: Sequence[ReleasedVote]) -> list[Games]:
    models = dict(zip(frame.panel.cases, frame.models, strict=True))
    rows = [(*models[vote.case], vote.choice == "A", vote.shown_first == "B") for vote in votes]
    return games_of_rows([_game(*row) for row in rows if _is_game(row[0], row[1])])


def _is_game(a: str, b: str) -> bool:
    return bool(a and b and a != b)


def _game(a: str, b: str, a_won: bool, is_turned: bool) -> tuple[str, str, str]:
    """Who was shown first, who second, who won."""
    return (*((b, a) if is_turned else (a, b)), a if a_won else b)


def _strengths(found: Maybe[BradleyTerry], tau: Maybe[float], *, has_order: bool = True) -> Maybe[Strengths]:
    if isinstance(found, Undefined):
        return _ALONE
    none = Undefined("labels have no order")
    return Strengths(
        ability=found.ability,
        ability_se=found.ability_se,
        order_effect=found.order_effect if has_order else none,
        order_effect_se=found.order_effect_se if has_order else none,
        ridge=found.ridge,
        tau=tau,
    )


def _tau(readers: Maybe[BradleyTerry], judge: Maybe[BradleyTerry]) -> Maybe[float]:
    if isinstance(readers, Undefined) or isinstance(judge, Undefined):
        return _NOT_BOTH
    shared = sorted(readers.ability.keys() & judge.ability.keys())
    if len(shared) < 3:
        return _FEW
    return kendall_tau_b([readers.ability[one] for one in shared], [judge.ability[one] for one in shared])
