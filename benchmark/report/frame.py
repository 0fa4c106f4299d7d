"""What a report is made of: every judge's letters on one grid of cases, and what is known of the cases."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.db.models import TextField
from django.db.models.functions import Cast

from benchmark.models import Evaluation, Verdict
from consilium.answers.dimensions import DIMENSIONS
from consilium.statistics.bootstrap import Places
from consilium.statistics.panel import MISSING, A, B, Panel, letter_code
from curation.layouts.medrewardbench import reason_to_leave
from curation.models import Release
from curation.releases.freeze import rows_of

FACETS: Final = ("organ_system", "department", "modality", "specialty", "question_type")
_PART: Final = 5000
_ORDERS: Final = {"ab": 0, "ba": 1}
_CHOICES: Final = {"A": A, "B": B}


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


def read_frame(release: Release, evaluations: Sequence[Evaluation]) -> ReportFrame:
    """Read the release's cases and the stored verdicts; a judge is named by its evaluation's number."""
    rows = [_facts(row) for row in rows_of(release).values_list("content", flat=True).iterator(_PART)]
    place = {row["id"]: number for number, row in enumerate(rows)}
    numbers: dict[str, int] = {}
    clusters = [numbers.setdefault(row["cluster"], len(numbers)) for row in rows]
    labels = [[_CHOICES.get(row["label"].get(name) or "", MISSING) for row in rows] for name in DIMENSIONS]
    sizes = np.array([row["characters"] for row in rows], dtype=np.intp).reshape(-1, 2)
    longer = np.select([sizes[:, 0] > sizes[:, 1], sizes[:, 1] > sizes[:, 0]], [A, B], MISSING)
    shape = (len(DIMENSIONS), len(rows))
    return ReportFrame(
        panel=Panel(
            judges=tuple(str(one.pk) for one in evaluations),
            dimensions=DIMENSIONS,
            cases=tuple(place),
            clusters=np.array(clusters, dtype=np.intp),
            labels=np.array(labels, dtype=np.int8).reshape(shape),
            printed=_printed(evaluations, place),
            longer=longer.astype(np.int8),
        ),
        evaluations={str(one.pk): one for one in evaluations},
        facets={name: tuple(row["facets"][name] for row in rows) for name in FACETS},
        votes=np.array(
            [[_counts(row["votes"].get(name)) for row in rows] for name in DIMENSIONS], dtype=np.int32
        ).reshape(*shape, 2),
        adjudicated=np.array(
            [[bool(row["adjudicated"].get(name)) for row in rows] for name in DIMENSIONS], dtype=np.bool_
        ).reshape(shape),
        characters=sizes.sum(axis=1),
        models=tuple(row["models"] for row in rows),
        families=tuple(row["families"] for row in rows),
        publishable=np.array([row["publishable"] for row in rows], dtype=np.bool_),
    )


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the report needs of a row: texts of thousands of cases are not kept."""
    return {
        "id": row["id"],
        "cluster": row["cluster"],
        "label": row["label"],
        "votes": row.get("votes") or {},
        "adjudicated": row.get("adjudicated") or {},
        "characters": [len((row.get(name) or "").strip()) for name in ("answer_a", "answer_b")],
        "facets": {name: row.get(name) or "" for name in FACETS},
        "models": (row.get("model_a") or "", row.get("model_b") or ""),
        "families": (row.get("family_a") or "", row.get("family_b") or ""),
        "publishable": not reason_to_leave(row),
    }


def _counts(votes: Mapping[str, int] | None) -> tuple[int, int]:
    return (votes.get("A", 0), votes.get("B", 0)) if votes else (0, 0)


def _printed(evaluations: Sequence[Evaluation], place: Mapping[str, int]) -> npt.NDArray[np.int8]:
    """Letters as printed, (judges, orders, dimensions, cases); MISSING also where nobody asked."""
    letters = np.full((len(evaluations), 2, len(DIMENSIONS), len(place)), MISSING, dtype=np.int8)
    codes: dict[str, list[int]] = {}
    for judge, evaluation in enumerate(evaluations):
        # As text: a few thousand verdicts are possible, and each is taken apart once.
        stored = Verdict.objects.filter(evaluation=evaluation).annotate(said=Cast("parsed", TextField()))
        for row_id, order, said in stored.values_list("row_id", "order", "said").iterator(_PART):
            found = codes.get(said)
            if found is None:
                parsed = json.loads(said)
                found = codes[said] = [
                    letter_code(parsed[name]) if name in parsed else MISSING for name in DIMENSIONS
                ]
            letters[judge, _ORDERS[order], :, place[row_id]] = found
    return letters
