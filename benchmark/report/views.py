"""The pages of a report: one address, a part each; sorted, filtered and sliced by what the address says."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from benchmark.report.choices import ReportChoices, read_choices
from benchmark.report.kept import kept_report, refresh_report
from benchmark.report.parts import PARTS
from benchmark.report.take import zipped_report
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from curation.models import Release, ReleaseKind


@study_view(Role.LEAD)
def report(request: HttpRequest, study: Study, pk: int, part: str = "board") -> HttpResponse:
    """One part of the report of a preference release."""
    if part not in PARTS:
        raise Http404("The report has no such part.")
    release = reported_release(study, pk)
    found, kept = kept_report(release)
    context: dict[str, Any] = {"study": study, "release": release, "kept": kept, "part": part}
    context["compute_url"] = f"{reverse('benchmark:compute-report', args=[study.slug, pk])}?part={part}"
    context["judged"] = bool(found and found.content["judges"])
    if found is not None and context["judged"]:
        choices = read_choices(request.GET, found)
        context |= {"choices": choices, "tabs": _tabs(study, release, part, choices)}
        context["shown"] = PARTS[part].build(found, choices)
    return render(request, "benchmark/report/page.html", context)


@post_only
@study_view(Role.LEAD)
def compute_report(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Compute the report anew and show it."""
    release = reported_release(study, pk)
    refresh_report(release, signed_in(request))
    part = request.GET.get("part", "")
    return redirect("benchmark:report-part", study.slug, pk, part if part in PARTS else "board")


@study_view(Role.LEAD)
@limited("export")
def take(request: HttpRequest, study: Study, pk: int) -> StreamingHttpResponse:
    """The report as it is kept, as a zip of files."""
    release = reported_release(study, pk)
    found, _ = kept_report(release)
    if found is None or not found.content["judges"]:
        raise Http404("There is no report yet.")
    files = zipped_report(release, found, signed_in(request))
    answer = StreamingHttpResponse(files, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="report-{release.digest[:12]}.zip"'
    return answer


def reported_release(study: Study, pk: int) -> Release:
    """A frozen preference release of the study. Raises Http404."""
    frozen = Release.objects.filter(study=study, kind=ReleaseKind.PREFERENCES).exclude(digest="")
    return get_object_or_404(frozen.select_related("study"), pk=pk)


def _tabs(study: Study, release: Release, current: str, choices: ReportChoices) -> list[dict[str, Any]]:
    query = choices.query()
    return [
        {
            "label": one.label,
            "url": reverse("benchmark:report-part", args=[study.slug, release.pk, name]) + query,
            "current": name == current,
            "count": None,
        }
        for name, one in PARTS.items()
    ]
