"""The page of solvers by kind of question, task, body system and question type."""

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from benchmark.kept_leaderboard import kept_details
from benchmark.presentation import NONE, interval, p_value, percent, points
from benchmark.solver_pairs import SolverPair
from benchmark.solver_slices import SOLVER_FACETS, WHOLE, SlicedSolver, SliceScore
from consilium.answers.open_answers import AnswerKind
from consilium.pages import one_of
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.statistics.undefined import Undefined
from consilium.ui.charts import heat_map
from curation.models import Release, ReleaseKind

_KIND_WORDS: Final = {
    AnswerKind.CHOICE: "With options",
    AnswerKind.CLOSED: "Closed, without options",
    AnswerKind.OPEN: "Open",
}
_FACET_WORDS: Final = {
    WHOLE: "All",
    "task": "Task",
    "body_system": "Body system",
    "question_type": "Question type",
    "set": "Set",
}
_LEAST_DRAWN: Final = 5  # answers; below, a slice's score is shown but not drawn
_WIDE: Final = 1120


@study_view(Role.LEAD)
def solvers(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Every solver of a release in every value of one facet, kinds of questions apart."""
    releases = Release.objects.filter(kind=ReleaseKind.QUESTIONS).exclude(digest="").select_related("study")
    release = get_object_or_404(releases, study=study, pk=pk)
    details, kept = kept_details(release)
    found = details.slices
    kinds = [kind for kind in AnswerKind if any(kind in one.scores for one in found)]
    chosen = one_of(request, "kind", kinds)
    kind = AnswerKind(chosen) if chosen else next(iter(kinds), AnswerKind.CHOICE)
    held = [
        facet for facet in (WHOLE, *SOLVER_FACETS) if any(facet in one.scores.get(kind, {}) for one in found)
    ]
    facet = one_of(request, "by", held) or WHOLE
    values = sorted({value for one in found for value in one.scores.get(kind, {}).get(facet, {})})
    context = {
        "study": study,
        "release": release,
        "kept": kept,
        "kind": kind,
        "kinds": [(each.value, _KIND_WORDS[each]) for each in kinds],
        "facet": facet,
        "facets": [(each, _FACET_WORDS[each]) for each in held],
        "values": [_in_words(value) for value in values],
        "table": [
            {"solver": one, "cells": [_cell(one, kind, facet, each) for each in values]} for one in found
        ],
        "map": _map(found, kind, facet, values) if facet else "",
        **_pairs(request, found, [pair for pair in details.pairs if pair.kind == kind]),
    }
    return render(request, "benchmark/solver_slices.html", context)


def _pairs(
    request: HttpRequest, found: Sequence[SlicedSolver], pairs: Sequence[SolverPair]
) -> dict[str, Any]:
    """Ranked solvers against each other in one kind of question: a matrix, and one against all others."""
    names = {one.evaluation: one.name for one in found}
    compared = {(pair.first, pair.second): _difference(pair, 1) for pair in pairs}
    compared |= {(pair.second, pair.first): _difference(pair, -1) for pair in pairs}
    ranked = list(dict.fromkeys(one for one, _ in compared))
    bases = [one.base for one in found]
    # A base model unless somebody else is chosen: what training made of it is asked first.
    base = max(ranked, key=lambda one: bases.count(names[one]), default=0)
    asked = one_of(request, "against", map(str, ranked))
    chosen = int(asked or base)
    return {
        "against": {"key": chosen, "name": names.get(chosen, ""), "is_asked": bool(asked)},
        "others": [(one, names[one]) for one in ranked],
        "differences": [{"name": names[one], **compared[one, chosen]} for one in ranked if one != chosen],
        "matrix": [
            {"name": names[one], "cells": [compared.get((one, other)) for other in ranked]} for one in ranked
        ],
    }


def _difference(pair: SolverPair, sign: int) -> dict[str, Any]:
    """A pair's difference, or with sign -1 that of the pair turned round."""
    value, ends = pair.difference.value, pair.difference.interval
    low_high = ""
    if not isinstance(ends, Undefined):
        low_high = " to ".join(points(one) for one in sorted((sign * ends.low, sign * ends.high)))
    return {
        "value": NONE if isinstance(value, Undefined) else points(sign * value),
        "interval": low_high,
        "p": p_value(pair.p),
        "questions": pair.questions,
        "limits": pair.limits[::sign] if pair.limits[0] != pair.limits[1] else None,
        "is_told_apart": pair.is_told_apart,
    }


def _cell(one: SlicedSolver, kind: AnswerKind, facet: str, value: str) -> dict[str, Any]:
    score = _score(one, kind, facet, value)
    if score is None:
        return {"value": NONE, "interval": "", "asked": 0, "gain": ""}
    gain = score.gain
    ends = gain.interval if gain else Undefined("no base")
    return {
        "value": percent(score.score.value),
        "interval": interval(score.score.interval),
        "asked": score.asked,
        "gain": points(gain.value) if gain else "",
        "gain_interval": "" if isinstance(ends, Undefined) else f"{points(ends.low)} to {points(ends.high)}",
    }


def _score(one: SlicedSolver, kind: AnswerKind, facet: str, value: str) -> SliceScore | None:
    return one.scores.get(kind, {}).get(facet, {}).get(value)


def _map(found: list[SlicedSolver], kind: AnswerKind, facet: str, values: list[str]) -> str:
    def drawn(one: SlicedSolver, value: str) -> float | None:
        score = _score(one, kind, facet, value)
        if score is None or score.asked < _LEAST_DRAWN or isinstance(score.score.value, Undefined):
            return None
        return 100 * score.score.value

    rows = [(one.name, [drawn(one, value) for value in values]) for one in found]
    if all(cell is None for _, cells in rows for cell in cells):
        return ""
    return heat_map(
        [_in_words(value) for value in values],
        rows,
        title=f"Score by {_FACET_WORDS[facet].lower()}, percent",
        note=f"empty: fewer than {_LEAST_DRAWN} answers",
        ends=(0.0, 100.0),
        width=_WIDE,
        show=lambda value: f"{value:.0f}",
    )


def _in_words(value: str) -> str:
    text = value.replace("_", " ")
    return text[:1].upper() + text[1:] if text else "All questions"
