"""The leads' page about agreement, and the button that freezes what is settled."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from annotation.agreement import agreement_of, missing_figures, organ_systems
from annotation.forms import PreferenceFreezeForm
from annotation.models import Consensus, Dimension
from annotation.overview import summary
from annotation.release import freeze_preferences
from annotation.states import CaseState
from consilium.pages import refusals_on
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.requests import post_only, signed_in
from curation.models import Release, ReleaseKind


@require_safe
@study_view(Role.LEAD)
def agreement(request: HttpRequest, study: Study) -> HttpResponse:
    """Agreement per dimension, position effect, and the release form."""
    return _page(request, study)


@post_only
@study_view(Role.LEAD)
def freeze(request: HttpRequest, study: Study) -> HttpResponse:
    """Freeze the settled cases into a preference release and show it."""
    person = signed_in(request)
    form = PreferenceFreezeForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            release = freeze_preferences(study=study, name=form.cleaned_data["name"], by=person)
            messages.success(request, f"{release.name} is frozen with {release.row_count} rows.")
            return redirect("curation:release", study=study.slug, pk=release.pk)
    return _page(request, study, form=form, status=422)


def _page(
    request: HttpRequest, study: Study, form: PreferenceFreezeForm | None = None, status: int = 200
) -> HttpResponse:
    known = organ_systems(study)
    organ_system = wanted if (wanted := request.GET.get("organ_system", "")) in known else ""
    with_excluded = request.GET.get("excluded") == "with"
    figures = agreement_of(study, organ_system=organ_system, with_excluded=with_excluded)
    decided = _decided(study)
    context = {
        "study": study,
        "figures": figures,
        "rows": [(Dimension(row.dimension).label, row, decided.get(row.dimension)) for row in figures.rows],
        "organ_systems": known,
        "organ_system": organ_system,
        "with_excluded": with_excluded,
        "missing": missing_figures(figures.rows),
        "counts": summary(study)["cases"],
        "form": form or PreferenceFreezeForm(initial={"name": _next_name(study)}),
    }
    return render(request, "annotation/agreement.html", context, status=status)


def _decided(study: Study) -> dict[str, Mapping[str, Any]]:
    """Per dimension, how the labels of the settled cases came about."""
    entries = Consensus.objects.filter(case__study=study, case__state=CaseState.SETTLED).order_by()
    differ = Q(votes_a__gt=0, votes_b__gt=0)
    counts = entries.values("dimension").annotate(
        adjudicator=Count("pk", filter=Q(is_adjudicated=True)),
        split=Count("pk", filter=Q(is_adjudicated=False) & differ),
        unanimous=Count("pk", filter=Q(is_adjudicated=False) & ~differ),
    )
    return {row["dimension"]: row for row in counts}


def _next_name(study: Study) -> str:
    number = Release.objects.filter(study=study, kind=ReleaseKind.PREFERENCES).count() + 1
    return f"Preferences {number}"
