"""The leads' page about agreement, and the button that freezes what is settled."""

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
from annotation.forms import PreferenceFreezeForm
from annotation.models import Dimension
from annotation.progress import cases_by_state
from consilium.pages import one_of, refusals_on
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.statistics.agreement import AgreementRow
from curation.models import Release, ReleaseKind
from curation.releases.freeze_job import start_freeze
from curation.views.releases import frozen


@require_safe
@study_view(Role.LEAD)
def agreement(request: HttpRequest, study: Study) -> HttpResponse:
    """Agreement per dimension, position effect, and the release form."""
    return _page(request, study)


@post_only
@study_view(Role.LEAD)
def compute_agreement(request: HttpRequest, study: Study) -> HttpResponse:
    """Compute the figures of the page anew and show it again."""
    refresh_agreement(study, **_choice(request, organ_systems(study)), by=signed_in(request))
    return redirect(_with_choice(request, "annotation:agreement", study))


@post_only
@study_view(Role.LEAD)
@limited("freeze")
def freeze(request: HttpRequest, study: Study) -> HttpResponse:
    """Freeze the settled cases into a preference release and show it, or the job that makes a large one."""
    person = signed_in(request)
    form = PreferenceFreezeForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            name = form.cleaned_data["name"]
            made = start_freeze(study=study, kind=ReleaseKind.PREFERENCES, name=name, by=person)
            return frozen(request, study, made)
    return _page(request, study, form=form, status=422)


def _page(
    request: HttpRequest, study: Study, form: PreferenceFreezeForm | None = None, status: int = 200
) -> HttpResponse:
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
        "form": form or PreferenceFreezeForm(initial={"name": _next_name(study)}),
    }
    return render(request, "annotation/agreement.html", context, status=status)


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


def _next_name(study: Study) -> str:
    number = Release.objects.filter(study=study, kind=ReleaseKind.PREFERENCES).count() + 1
    return f"Preferences {number}"
