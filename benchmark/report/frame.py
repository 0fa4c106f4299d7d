"""What a report is made of: every judge's letters on one grid of cases, and what is known of the cases."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from django.db.models import TextField
from django.db.models.functions import Cast

from benchmark.models import Evaluation, Verdict
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.bootstrap import Places
from consilium.statistics.panel import MISSING, A, B, Codes, Panel, letter_code
from curation.layouts.medrewardbench import reason_to_leave
from curation.models import Release
from curation.releases.freeze import rows_of

FACETS: Final = ("organ_system", "department", "modality", "specialty", "question_type")
_PART: Final = 5000
_ORDERS: Final = {"ab": 0, "ba": 1}
_CHOICES: Final = {"A": A, "B": B}
Fact = TypeVar("Fact")


@dataclass(frozen=True)
class ReportFrame:
    """A panel whose judges are named by the keys of `evaluations`, in their order, and facts of its cases.

    `facets`: each of FACETS to every case's value, empty where the release does not say. `votes`
    (dimensions, cases, 2): readers who chose A and B. `adjudicated` (dimensions, cases). `characters`: of
    both answers together. `models` and `families`: of every case's answers A and B, empty where unknown.
    `publishable`: the cases that the Med-RewardBench layout can hold.
    """

    panel: Panel
    evaluations: dict[str, Evaluation]
    facets: dict[str, tuple[str, ...]]
    votes: npt.NDArray[np.int32]
    adjudicated: npt.NDArray[np.bool_]
    characters: Places
    models: tuple[tuple[str, str], ...]
    families: tuple[tuple[str, str], ...]
    publishable: npt.NDArray[np.bool_]


class _Facts(NamedTuple):
    """What the report needs of a case: texts of a hundred thousand cases are not kept."""

    name: str
    cluster: str
    label: tuple[int, ...]
    votes: tuple[tuple[int, int], ...]
    adjudicated: tuple[bool, ...]
    characters: tuple[int, int]
    facets: tuple[str, ...]
    models: tuple[str, str]
    families: tuple[str, str]
    publishable: bool


class _Letters(dict[str, int]):
    """A number for the text of each verdict, and its letters in `codes`; a few thousand texts are possible,
    and each is taken apart once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.codes: list[list[int]] = []

    def __missing__(self, said: str) -> int:
        parsed = json.loads(said)
        self.codes.append([letter_code(parsed[name]) if name in parsed else MISSING for name in DIMENSIONS])
        self[said] = number = len(self.codes) - 1
        return number


def read_frame(release: Release, evaluations: Sequence[Evaluation]) -> ReportFrame:
    """Read the release's cases and the stored verdicts; a judge is named by its evaluation's number."""
    once: dict[Any, Any] = {}
    rows = [_facts(row, once) for row in rows_of(release).values_list("content", flat=True).iterator(_PART)]
    place = {row.name: number for number, row in enumerate(rows)}
    numbers: dict[str, int] = {}
    clusters = [numbers.setdefault(row.cluster, len(numbers)) for row in rows]
    sizes = np.array([row.characters for row in rows], dtype=np.intp).reshape(-1, 2)
    longer = np.select([sizes[:, 0] > sizes[:, 1], sizes[:, 1] > sizes[:, 0]], [A, B], MISSING)
    shape = (len(rows), len(DIMENSIONS))
    labels = np.array([row.label for row in rows], dtype=np.int8).reshape(shape)
    votes = np.array([row.votes for row in rows], dtype=np.int32).reshape(*shape, 2)
    adjudicated = np.array([row.adjudicated for row in rows], dtype=np.bool_).reshape(shape)
    return ReportFrame(
        panel=Panel(
            judges=tuple(str(one.pk) for one in evaluations),
            dimensions=DIMENSIONS,
            cases=tuple(place),
            clusters=np.array(clusters, dtype=np.intp),
            labels=np.ascontiguousarray(labels.T),
            printed=_printed(evaluations, place),
            longer=longer.astype(np.int8),
        ),
        evaluations={str(one.pk): one for one in evaluations},
        facets={name: tuple(row.facets[number] for row in rows) for number, name in enumerate(FACETS)},
        votes=np.ascontiguousarray(votes.transpose(1, 0, 2)),
        adjudicated=np.ascontiguousarray(adjudicated.T),
        characters=sizes.sum(axis=1),
        models=tuple(row.models for row in rows),
        families=tuple(row.families for row in rows),
        publishable=np.array([row.publishable for row in rows], dtype=np.bool_),
    )


def _facts(row: Mapping[str, Any], once: dict[Any, Any]) -> _Facts:
    """The facts of a row; those that many rows share are held `once`."""
    votes, adjudicated = row.get("votes") or {}, row.get("adjudicated") or {}
    answers = [len((row.get(name) or "").strip()) for name in ("answer_a", "answer_b")]
    return _Facts(
        name=row["id"],
        cluster=row["cluster"],
        label=_held(tuple(_CHOICES.get(row["label"].get(name) or "", MISSING) for name in DIMENSIONS), once),
        votes=_held(tuple(_counts(votes.get(name)) for name in DIMENSIONS), once),
        adjudicated=_held(tuple(bool(adjudicated.get(name)) for name in DIMENSIONS), once),
        characters=(answers[0], answers[1]),
        facets=_held(tuple(row.get(name) or "" for name in FACETS), once),
        models=_held((row.get("model_a") or "", row.get("model_b") or ""), once),
        families=_held((row.get("family_a") or "", row.get("family_b") or ""), once),
        publishable=not reason_to_leave(row),
    )


def _held(fact: Fact, once: dict[Any, Any]) -> Fact:
    same: Fact = once.setdefault(fact, fact)
    return same


def _counts(votes: Mapping[str, int] | None) -> tuple[int, int]:
    return (votes.get("A", 0), votes.get("B", 0)) if votes else (0, 0)


def _printed(evaluations: Sequence[Evaluation], place: Mapping[str, int]) -> Codes:
    """Letters as printed, (judges, orders, dimensions, cases); MISSING also where nobody asked."""
    printed = np.full((len(evaluations), 2, len(DIMENSIONS), len(place)), MISSING, dtype=np.int8)
    letters = _Letters()
    for judge, evaluation in enumerate(evaluations):
        stored = Verdict.objects.filter(evaluation=evaluation).annotate(said=Cast("parsed", TextField()))
        verdicts = stored.values_list("row_id", "order", "said").iterator(_PART)
        while part := list(islice(verdicts, _PART)):
            row_ids, orders, said = zip(*part, strict=True)
            places = [place[row_id] for row_id in row_ids]
            numbers = [letters[text] for text in said]
            codes = np.array(letters.codes, dtype=np.int8)[numbers]
            printed[judge, [_ORDERS[order] for order in orders], :, places] = codes
    return printed
