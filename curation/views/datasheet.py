"""The datasheet of a release, a page to read and to print, and what the release changed."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.requests import post_only, signed_in
from consilium.statistics.undefined import Undefined
from consilium.ui.charts import PlottedEstimate, interval_chart
from curation.cards.datasheet import datasheet as parts_of
from curation.cards.facts import ReleaseFacts
from curation.cards.kept_facts import kept_facts, refresh_facts
from curation.cards.markdown import spoken
from curation.models import Release


@require_GET
@study_view(Role.LEAD)
def datasheet(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Everything a stranger would ask about the release."""
    release = _frozen(study, pk)
    facts, kept = kept_facts(release)
    context = {
        "study": study,
        "release": release,
        "kept": kept,
        "parts": parts_of(facts) if facts else [],
        "chart": _chart(facts) if facts and facts.agreement else "",
    }
    return render(request, "curation/datasheet.html", context)


@require_GET
@study_view(Role.LEAD)
def release_changes(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """What a release changed since the one it corrects: rows added and removed, labels before and after."""
    release = _frozen(study, pk)
    if release.derived_from is None:
        raise Http404("This release corrects no other one.")
    facts, kept = kept_facts(release)
    context = {"study": study, "release": release, "kept": kept, "changes": facts and facts.changes}
    return render(request, "curation/release_changes.html", context)


@post_only
@study_view(Role.LEAD)
def compute_datasheet(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Count what it says anew and show it again."""
    refresh_facts(_frozen(study, pk), by=signed_in(request))
    return redirect("curation:datasheet", study=study.slug, pk=pk)


def _frozen(study: Study, pk: int) -> Release:
    release = get_object_or_404(Release.objects.select_related("study", "derived_from"), study=study, pk=pk)
    if not release.manifest_id:
        raise Http404("This release is not frozen.")
    return release


def _chart(facts: ReleaseFacts) -> str:
    estimates = []
    for row in facts.agreement:
        value, ends = row.ac1.value, row.ac1.interval
        if not isinstance(value, Undefined):
            low, high = (None, None) if isinstance(ends, Undefined) else (ends.low, ends.high)
            estimates.append(PlottedEstimate(spoken(row.dimension), value, low, high))
    title, scale = "Gwet AC1 of the readers", "AC1, 1 is full agreement"
    return interval_chart(estimates, title=title, x_label=scale, show=lambda value: f"{value:.2f}")
