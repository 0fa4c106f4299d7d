"""Pages of the cases behind a report: lists for one judge or two, and one case with every judge's reply."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from benchmark.models import Evaluation
from benchmark.presentation import NONE, NOT_SCORED
from benchmark.report.cases import (
    OUTCOMES,
    CaseLine,
    JudgeReplies,
    case_images,
    case_lines,
    judges_of,
    replies_to,
)
from benchmark.report.frame import FACETS
from benchmark.report.views import reported_release
from consilium.answers.dimensions import DIMENSIONS
from consilium.pages import PAGE, one_of
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from curation.releases.freeze import rows_of


@study_view(Role.LEAD)
def cases(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The cases of a release for one judge, or for two side by side."""
    release = reported_release(study, pk)
    judges = judges_of(release)
    chosen = _chosen(request, judges)
    dimension = one_of(request, "dimension", DIMENSIONS) or DIMENSIONS[-1]
    outcome = one_of(request, "outcome", OUTCOMES)
    facet, _, value = request.GET.get("slice", "").partition(":")
    lines = case_lines(release, chosen, dimension, facet, value) if chosen else []
    page = Paginator([line for line in lines if line.fits(outcome)], PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "study": study,
        "release": release,
        "judges": judges,
        "chosen": chosen,
        "dimension": dimension,
        "dimensions": DIMENSIONS,
        "outcome": outcome,
        "outcomes": OUTCOMES.items(),
        "slice": f"{facet}:{value}" if facet in FACETS else "",
        "slice_value": value if facet in FACETS else "",
        "page_obj": page,
        "lines": [_shown(line, [_missing(one, dimension) for one in chosen]) for line in page],
    }
    return render(request, "benchmark/report/cases.html", context)


@study_view(Role.LEAD)
def case(request: HttpRequest, study: Study, pk: int, row: str) -> HttpResponse:
    """One released case: images, question, both answers, votes, and what every judge replied."""
    release = reported_release(study, pk)
    one = get_object_or_404(rows_of(release), row_id=row)
    content = one.content
    context: dict[str, Any] = {
        "study": study,
        "release": release,
        "row": one,
        "content": content,
        "images": case_images(release, content),
        "labels": [(name, *_label(content, name)) for name in DIMENSIONS],
        "judges": [_cells(content, judge) for judge in replies_to(release, row)],
    }
    return render(request, "benchmark/report/case.html", context)


def _chosen(request: HttpRequest, judges: list[Evaluation]) -> list[Evaluation]:
    """The judge and the other that the address names; the first judge where it names none."""
    by_key = {str(one.pk): one for one in judges}
    named = [by_key.get(request.GET.get(name, "")) for name in ("judge", "other")]
    found = [one for one in named if one is not None]
    return list(dict.fromkeys(found)) or judges[:1]


def _missing(judge: Evaluation, dimension: str) -> str:
    """Why a letter of the judge may be missing, in words."""
    return "no reply" if judge.states(dimension) else NOT_SCORED


def _shown(line: CaseLine, missing: list[str]) -> dict[str, Any]:
    """A line in words: a letter or why there is none in each order, and the score."""
    return {
        "row_id": line.row_id,
        "question": line.question,
        "label": line.label,
        "judges": [
            {
                "letters": [*(letter or "invalid" for letter in stated), *[why] * (2 - len(stated))],
                "score": NONE if score is None else f"{score:g}",
            }
            for stated, score, why in zip(line.stated, line.scores, missing, strict=True)
        ],
    }


def _cells(content: dict[str, Any], judge: JudgeReplies) -> dict[str, Any]:
    """A judge's letters by dimension, each with whether it is right."""
    stated = dict(judge.dimensions)
    return {
        "evaluation": judge.evaluation,
        "cells": [
            [
                (letter or "invalid", letter is not None and letter == content["label"].get(name))
                for letter in stated[name]
            ]
            if name in stated
            else [(NOT_SCORED, False)]
            for name in DIMENSIONS
        ],
        "replies": judge.replies,
    }


def _label(content: dict[str, Any], name: str) -> tuple[str, str, bool]:
    """The label of a dimension, the votes behind it, and whether an adjudicator decided."""
    votes = (content.get("votes") or {}).get(name) or {}
    counted = f"{votes.get('A', 0)} to {votes.get('B', 0)}" if votes else ""
    return (
        content["label"].get(name) or "none",
        counted,
        bool((content.get("adjudicated") or {}).get(name)),
    )
