"""Solvers directly against each other: base, experts and merged on the very same questions, asked alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.models import Evaluation
from benchmark.solver_slices import WHOLE, SolverScores
from consilium.answers.open_answers import AnswerKind
from consilium.statistics.adjusted_p import holm
from consilium.statistics.intervals import Estimate
from consilium.statistics.mean_pairs import compared_means


@dataclass(frozen=True)
class SolverPair:
    """Two solvers (evaluations) on one kind of question: the first's mean score minus the second's.

    `p`: of the cluster sign-flip test, adjusted by Holm over all pairs of the kind. `limits`: how many tokens
    each reply might have; all else of decoding is the same for every solver.
    """

    kind: str
    first: int
    second: int
    questions: int
    difference: Estimate
    p: float
    limits: tuple[int, int]

    @property
    def is_told_apart(self) -> bool:
        """Whether the difference stands at 5 % after adjustment."""
        return self.p < 0.05


def solver_pairs(held: SolverScores, ranked: Sequence[Evaluation]) -> list[SolverPair]:
    """Every pair of the ranked solvers, best first, in each kind of question; these have all answers."""
    clusters = np.array(held.clusters)
    limits = {one.pk: int(one.settings["max_tokens"]) for one in ranked}
    found = []
    for kind in AnswerKind:
        mask = held.slices.get((kind, WHOLE, WHOLE))
        if mask is None:
            continue
        asked = mask > 0
        scores = {str(one.pk): held.of[one.pk][asked] for one in ranked}
        compared = compared_means(scores, clusters[asked].tolist())
        adjusted = holm([one.p for one in compared.values()])
        for ((first, second), one), p in zip(compared.items(), adjusted, strict=True):
            pair = int(first), int(second)
            found.append(
                SolverPair(
                    kind=kind.value,
                    first=pair[0],
                    second=pair[1],
                    questions=int(asked.sum()),
                    difference=one.difference,
                    p=p,
                    limits=(limits[pair[0]], limits[pair[1]]),
                )
            )
    return found
