"""The leads' page about agreement; from here what is settled is frozen."""

from collections.abc import Collection
from typing import Any, TypedDict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotation.agreement import (
    Agreement,
    kept_agreement,
    missing_figures,
    organ_systems,
    refresh_agreement,
)
from annotation.models import Dimension
from annotation.progress import cases_by_state
from consilium.pages import one_of
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.requests import post_only, signed_in
from consilium.statistics.agreement import AgreementRow


@require_safe
@study_view(Role.LEAD)
def agreement(request: HttpRequest, study: Study) -> HttpResponse:
    """Agreement per dimension, position effect, and the way to a release."""
    known = organ_systems(study)
    choice = _choice(request, known)
    figures, kept = kept_agreement(study, **choice)
    context = {
        "study": study,
        "figures": figures,
        "kept": kept,
        "compute_url": _with_choice(request, "annotation:compute-agreement", study),
        "rows": _rows(figures) if figures else [],
        "organ_systems": known,
        **choice,
        "missing": missing_figures(figures.rows) if figures else [],
        "counts": cases_by_state(study),
    }
    return render(request, "annotation/agreement.html", context)


@post_only
@study_view(Role.LEAD)
def compute_agreement(request: HttpRequest, study: Study) -> HttpResponse:
    """Compute the figures of the page anew and show it again."""
    refresh_agreement(study, **_choice(request, organ_systems(study)), by=signed_in(request))
    return redirect(_with_choice(request, "annotation:agreement", study))


def _with_choice(request: HttpRequest, name: str, study: Study) -> str:
    """An address of this page for the same cases."""
    address = reverse(name, kwargs={"study": study.slug})
    return f"{address}?{request.GET.urlencode()}" if request.GET else address


class _Choice(TypedDict):
    organ_system: str
    with_excluded: bool


def _choice(request: HttpRequest, known: Collection[str]) -> _Choice:
    """Which cases the page is about; a system that no case has means all."""
    with_excluded = request.GET.get("excluded") == "with"
    return {"organ_system": one_of(request, "organ_system", known), "with_excluded": with_excluded}


def _rows(figures: Agreement) -> list[tuple[str, AgreementRow, dict[str, Any] | None]]:
    return [(Dimension(row.dimension).label, row, figures.decided.get(row.dimension)) for row in figures.rows]
