"""Pages of a freeze in two steps: look at what would go in, then freeze."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.pages import refusals_on, sent
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import signed_in
from curation.forms import FreezeForm, ReleaseKindForm
from curation.models import Release
from curation.releases import freeze_job, preview
from curation.releases.freeze_job import start_freeze
from curation.releases.preview import start_preview
from curation.releases.registry import find

SIGNING = "#opens-sign"  # the page opens its dialog of that name


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.LEAD)
@limited("freeze")
def new_release(request: HttpRequest, study: Study) -> HttpResponse:
    """Choose a kind, and have what is ready looked at."""
    form = ReleaseKindForm(*sent(request)[:1], initial={"kind": request.GET.get("kind", "")})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            job = start_preview(study=study, kind=form.cleaned_data["kind"], by=signed_in(request))
            return redirect("curation:release-preview", study=study.slug, job=job.pk)
    status = 422 if form.is_bound else 200
    return render(request, "curation/new_release.html", {"study": study, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.LEAD)
@limited("freeze")
def release_preview(request: HttpRequest, study: Study, job: UUID) -> HttpResponse:
    """What would go in and what would not; from here it is frozen."""
    looked = _job(study, job, preview.KIND)
    freezer, is_done = find(looked.params["kind"]), looked.state == JobState.SUCCEEDED
    number = Release.objects.filter(study=study, kind=freezer.kind).count() + 1
    first = {"name": f"{freezer.label} {number}"}
    form = FreezeForm(study, freezer.kind, *sent(request)[:1], initial=first)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            chosen = form.cleaned_data
            made = start_freeze(study=study, kind=freezer.kind, by=signed_in(request), **chosen)
            return redirect("curation:freezing", study=study.slug, job=made.pk)
    context = {
        "study": study,
        "job": looked,
        "freezer": freezer,
        "found": _with_places(study, freezer.place, looked.result) if is_done else None,
        "leads": study.memberships.filter(role=Role.LEAD, is_active=True).select_related("person"),
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return render(request, "curation/release_preview.html", context, status=status)


@require_GET
@study_view(Role.LEAD)
def freezing(request: HttpRequest, study: Study, job: UUID) -> HttpResponse:
    """The freeze on its way; then to the release, where it is signed."""
    running = _job(study, job, freeze_job.KIND)
    if running.state != JobState.SUCCEEDED:
        return render(request, "curation/freezing.html", {"study": study, "job": running})
    made = get_object_or_404(Release, study=study, pk=running.result["release"])
    messages.success(request, f"{made.name} is frozen with {made.row_count} rows.")
    address = reverse("curation:release", args=[study.slug, made.pk]) + SIGNING
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _job(study: Study, pk: UUID, kind: str) -> Job:
    job = Job.objects.filter(study=study, kind=kind, pk=pk).first()
    if job is None:
        raise Http404("No such job.")
    return job


def _with_places(study: Study, place: str, result: dict[str, Any]) -> dict[str, Any]:
    """The figures, with the address of each object that stays out."""

    def addressed(pk: int) -> dict[str, Any]:
        return {"pk": pk, "url": reverse(place, args=[study.slug, pk])}

    left_out = [entry | {"first": list(map(addressed, entry["first"]))} for entry in result["left_out"]]
    return result | {"left_out": left_out, "left_total": sum(entry["count"] for entry in left_out)}
