"""A case of a preference release as trainers see it: two answers to a question, and what readers decided."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consilium.answers import judge_prompt, solver_prompt
from consilium.answers.dimensions import DIMENSIONS
from consilium.answers.escape import escape
from consilium.answers.judge_prompt import ORDERS, JudgePrompt
from training.job.data import check_texts, images_of, options_of, unusable

SIDES = ("A", "B")
OTHER = {"A": "B", "B": "A"}
IDENTICAL = "identical answers"
NO_CONSENSUS = "no consensus"
# No reader may choose a tie; tables of others hold some, and neither answer is better there.
_UNDECIDED = (None, "tie")


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """One case: absolute image paths, question, options A.., answers A and B, label by decided dimension.

    `marks` are what makes two cases dependent: question, cluster (patient), images; `place` names its row and
    line.
    """

    id: str
    images: tuple[Path, ...]
    question: str
    options: dict[str, str]
    answers: dict[str, str]
    labels: dict[str, str]
    cluster: str = ""
    marks: frozenset[str] = frozenset()
    place: str = ""

    def with_texts(self, change: Callable[[str], str]) -> PreferencePair:
        """Return the pair with every text changed so."""
        return dataclasses.replace(
            self,
            question=change(self.question),
            options={letter: change(text) for letter, text in self.options.items()},
            answers={side: change(text) for side, text in self.answers.items()},
        )

    def asked(self, order: str) -> JudgePrompt:
        """Return the benchmark's prompt about the case, in one of ORDERS."""
        return judge_prompt.build_case(self.question, self.options, self.answers, order)

    def verdict(self, order: str, *, is_right: bool = True) -> str:
        """Return the reply that says what the readers decided, or the opposite in every dimension.

        A and B are as printed in that order: answer B stands first in the second one, and is called A there.
        """
        is_swapped = (order == ORDERS[1]) == is_right
        return judge_prompt.compose_verdict(
            {name: OTHER[label] if is_swapped else label for name, label in self.labels.items()}
        )

    def question_prompt(self) -> str:
        """Return the text to which both answers are replies; images go in front of it."""
        return solver_prompt.question_block(self.question, self.options)

    def answers_by_worth(self, dimension: str) -> tuple[str, str]:
        """Return the better and the worse answer."""
        better = self.labels[dimension]
        return plain_answer(self.answers[better]), plain_answer(self.answers[OTHER[better]])

    def why_left_out(self, dimensions: Iterable[str]) -> str:
        """Return why the pair teaches nothing about these dimensions; empty when it does."""
        if len({" ".join(text.split()) for text in self.answers.values()}) == 1:
            return IDENTICAL
        return "" if set(dimensions) <= set(self.labels) else NO_CONSENSUS


def plain_answer(text: str) -> str:
    """Return an answer as judges get it: markers and control tokens escaped."""
    return escape(text.strip())


def read_pair(row: dict[str, Any], place: str, folder: Path | None = None) -> PreferencePair:
    """Check a row of a preference release; its images too, where `folder` says in which they are.

    Raises SpecError naming the row.
    """
    needed = ("id", "images", "question", "answer_a", "answer_b", "label")
    lacking = [key for key in needed if not row.get(key)]
    if lacking:
        raise unusable(place, f" has no {lacking[0]}")
    options = options_of(row.get("options") or {}, place)
    answers = {side: row[f"answer_{side.lower()}"] for side in SIDES}
    texts = {"question": row["question"], "answer_a": answers["A"], "answer_b": answers["B"]}
    check_texts(texts | options, place)
    named = [f"{key} {row[key]}" for key in ("question_id", "cluster") if row.get(key)]
    return PreferencePair(
        id=str(row["id"]),
        images=images_of(row, folder, place) if folder else (),
        question=row["question"],
        options=options,
        answers=answers,
        labels=_labels(row["label"], place),
        cluster=str(row.get("cluster") or ""),
        marks=frozenset([*named, *map(str, row.get("sha256") or row.get("images") or [])]),
        place=place,
    )


def _labels(given: Any, place: str) -> dict[str, str]:
    """The labels of the decided dimensions, in the order in which they are asked."""
    if not isinstance(given, dict):
        raise unusable(place, ": its label is not an object of dimension and letter")
    if odd := sorted(set(given) - set(DIMENSIONS)):
        raise unusable(place, f": its label names {odd[0][:40]!r}, which is no dimension")
    for name, letter in given.items():
        if letter not in (*SIDES, *_UNDECIDED):
            raise unusable(place, f": its label of {name} is {str(letter)[:20]!r}, not A or B")
    return {name: given[name] for name in DIMENSIONS if given.get(name) in SIDES}
