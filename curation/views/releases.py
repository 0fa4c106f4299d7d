"""Pages of releases and their exports."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from consilium.jobs.states import JobState
from consilium.pages import attempt, page_of, refusals_on, sent
from consilium.people.access import study_for
from consilium.people.models import Role
from consilium.people.requests import post_only, signed_in
from curation.forms import FreezeForm
from curation.models import Export, Release
from curation.releases.export import export_folder, start_export, zipped
from curation.releases.freeze import FreezeRefused, rows_of, withdraw_release
from curation.releases.registry import find
from curation.releases.verify import verify
from curation.states import ReleaseState

ROWS = 20


@require_GET
def releases(request: HttpRequest, study: str) -> HttpResponse:
    """All releases, newest first."""
    found = study_for(signed_in(request), study, Role.LEAD)
    rows = Release.objects.filter(study=found).select_related("created_by").order_by("-created_at", "-pk")
    return render(request, "curation/releases.html", {"study": found, "page_obj": page_of(request, rows)})


@require_http_methods(["GET", "HEAD", "POST"])
def new_release(request: HttpRequest, study: str) -> HttpResponse:
    """Freeze what is ready."""
    person = signed_in(request)
    found = study_for(person, study, Role.LEAD)
    form = FreezeForm(found, *sent(request)[:1])
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        earlier = {"derived_from": chosen["derived_from"]} if chosen["derived_from"] else {}
        with refusals_on(form):
            made = find(chosen["kind"]).freeze(study=found, name=chosen["name"], by=person, **earlier)
            messages.success(request, f"{made.row_count} rows are frozen.")
            return redirect("curation:release", study=study, pk=made.pk)
    status = 422 if form.is_bound else 200
    return render(request, "curation/new_release.html", {"study": found, "form": form}, status=status)


@require_GET
def release(request: HttpRequest, study: str, pk: int) -> HttpResponse:
    """One release: digest, what is left out, rows, exports."""
    found = study_for(signed_in(request), study, Role.LEAD)
    rows = Release.objects.select_related("created_by", "derived_from", "manifest")
    shown = get_object_or_404(rows, study=found, pk=pk)
    exports = [
        {"export": export, "is_there": _may_be_downloaded(export)}
        for export in shown.exports.select_related("job", "created_by", "release")[:10]
    ]
    context = {
        "study": found,
        "release": shown,
        "left_out": sorted(shown.left_out.items()),
        "left_total": sum(shown.left_out.values()),
        "files": shown.files.count(),
        "page_obj": page_of(request, rows_of(shown), ROWS),
        "exports": exports,
    }
    return render(request, "curation/release.html", context)


@post_only
def check(request: HttpRequest, study: str, pk: int) -> HttpResponse:
    """Recompute every hash."""
    shown = _release(request, study, pk)

    def act() -> str:
        problems = verify(shown)
        if problems:
            more = f" And {len(problems) - 3} more." if len(problems) > 3 else ""
            raise FreezeRefused("The release is damaged. " + " ".join(problems[:3]) + more)
        return f"All {shown.row_count} rows and every file agree with the digest."

    return attempt(request, act, "curation:release", study=study, pk=pk)


@post_only
def withdraw(request: HttpRequest, study: str, pk: int) -> HttpResponse:
    """Withdraw a release, with a reason."""
    shown = _release(request, study, pk)

    def act() -> str:
        withdraw_release(release=shown, reason=request.POST.get("reason", ""), by=signed_in(request))
        return "The release is withdrawn."

    return attempt(request, act, "curation:release", study=study, pk=pk)


@post_only
def export(request: HttpRequest, study: str, pk: int) -> HttpResponse:
    """Write the release to a folder."""
    shown = _release(request, study, pk)

    def act() -> str:
        start_export(release=shown, by=signed_in(request))
        return "The export is being written."

    return attempt(request, act, "curation:release", study=study, pk=pk)


@require_GET
def download(request: HttpRequest, study: str, pk: int) -> StreamingHttpResponse:
    """A finished export as a zip, made while it is sent."""
    found = study_for(signed_in(request), study, Role.LEAD)
    wanted = get_object_or_404(Export.objects.select_related("job", "release"), release__study=found, pk=pk)
    if not _may_be_downloaded(wanted):
        raise Http404("This export is not there.")
    response = StreamingHttpResponse(zipped(wanted), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{wanted.folder}.zip"'
    return response


def _may_be_downloaded(export: Export) -> bool:
    """Whether the export is whole and its release was not withdrawn: that one must not be passed on."""
    stands = export.release.state == ReleaseState.FROZEN and export.job.state == JobState.SUCCEEDED
    return stands and export_folder(export).exists()


def _release(request: HttpRequest, study: str, pk: int) -> Release:
    found = study_for(signed_in(request), study, Role.LEAD)
    return get_object_or_404(Release.objects.select_related("study"), study=found, pk=pk)
