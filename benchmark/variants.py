"""How a launch asks its models: every case as figures are made from, a control without images, repeats.

A repeat asks the very same requests again, without sampling, on some of the cases: servers that batch and
GPUs that add up in another order do not always answer alike, and no other figure of a judge says how far.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmark.models import Evaluation, EvaluationKind, EvaluationVariant
from benchmark.preconditions import EvaluationRefused
from consilium.inference.models import ModelEndpoint

MOST_REPEATS: Final = 10
REPEATED_CASES: Final = 100


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One evaluation of each model: its variant, and of a repeat its number and how many cases it asks."""

    variant: EvaluationVariant = EvaluationVariant.STANDARD
    repeat: int = 0
    cases: int = 0

    @property
    def label(self) -> str:
        """What people call it; nothing for the standard one."""
        return self.variant.in_words(self.repeat)

    def expected_calls(self, whole: int) -> int:
        """How many answers it is made of, where the standard one is made of `whole`."""
        return min(2 * self.cases, whole) if self.repeat else whole


STANDARD: Final = (PlannedVariant(),)


def plan_variants(
    *,
    standard: bool = True,
    image_blind: bool = False,
    repeats: int = 0,
    repeat_cases: int = REPEATED_CASES,
) -> list[PlannedVariant]:
    """What a lead asks for, in the order in which it is asked. Raises EvaluationRefused."""
    if not 0 <= repeats <= MOST_REPEATS:
        raise EvaluationRefused(f"Cases are asked again up to {MOST_REPEATS} times, not {repeats}.")
    if repeats and repeat_cases < 1:
        raise EvaluationRefused("A repeat asks at least one case.")
    planned = [
        *(STANDARD if standard else ()),
        *([PlannedVariant(EvaluationVariant.IMAGE_BLIND)] if image_blind else ()),
        *(PlannedVariant(EvaluationVariant.REPEAT, number, repeat_cases) for number in range(1, repeats + 1)),
    ]
    if not planned:
        raise EvaluationRefused("Choose what is asked: every case, a control without images, or repeats.")
    return planned


def check_variants(
    kind: EvaluationKind, endpoints: Iterable[ModelEndpoint], planned: Sequence[PlannedVariant]
) -> None:
    """Raise EvaluationRefused where solvers or models that give scores are to be asked otherwise."""
    if tuple(planned) == STANDARD:
        return
    if kind != EvaluationKind.JUDGE:
        raise EvaluationRefused("Only judges are asked without images or again.")
    for endpoint in endpoints:
        if endpoint.gives_scores:
            raise EvaluationRefused(
                f"{endpoint} gives scores: it is asked neither without images nor again. Score it by itself."
            )


def asked_rows(evaluation: Evaluation, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the release that the evaluation asks, in the release's order."""
    held = list(rows)
    if not evaluation.repeat:
        return held
    cases = int(evaluation.settings["cases"])
    chosen = sampled_cases(evaluation.release_digest, [row["id"] for row in held], cases)
    return [row for row in held if row["id"] in chosen]


def sampled_cases(digest: str, ids: Collection[str], count: int) -> set[str]:
    """So many cases of a release, as good as drawn at random and the same for every judge and repeat.

    Those whose SHA-256 of release digest, blank and id is smallest: anybody can draw them again, and a
    smaller sample is part of a larger one.
    """
    return set(sorted(ids, key=lambda one: hashlib.sha256(f"{digest} {one}".encode()).digest())[:count])


def variant_facts(evaluation: Evaluation) -> dict[str, str]:
    """What a run card says of a variant; nothing of the standard one."""
    if evaluation.variant == EvaluationVariant.IMAGE_BLIND:
        return {"variant": "without images: the same texts, and no image is sent"}
    if evaluation.variant == EvaluationVariant.REPEAT:
        cases = evaluation.settings["cases"]
        sample = f"{cases} cases, those with the smallest SHA-256 of release digest, blank and case"
        return {"variant": f"repeat {evaluation.repeat}: the same requests asked anew", "sample": sample}
    return {}
