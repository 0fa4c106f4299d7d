"""Pages of imports and of sources."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from consilium.disk_space import check_disk_space
from consilium.pages import attempt, page_of, refusals_on, sent
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in, with_files
from curation.forms import HubImportForm, ImportForm, SourceForm
from curation.imports.from_hub import start_hub_import
from curation.imports.refused_names import KEPT_FOR, drop_names
from curation.imports.run import start_import
from curation.imports.uploads import Upload
from curation.models import Import, Release, Source
from curation.sources import save_source
from curation.states import ImageState, QuestionState

SHOWN_REFUSALS = 200
# What is counted as taken in, where it is not images and questions.
TAKEN = {"medrewardbench": "labelled pairs", "release": "releases"}


@require_GET
@study_view(Role.LEAD)
def imports(request: HttpRequest, study: Study) -> HttpResponse:
    """All imports, newest first, and the sources."""
    rows = Import.objects.filter(study=study).select_related("source", "job", "created_by")
    context = {
        "study": study,
        "page_obj": page_of(request, rows),
        "sources": Source.objects.filter(study=study).order_by("name"),
    }
    return render(request, "curation/imports.html", context)


@with_files
@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.LEAD)
@limited("upload")
def new_import(request: HttpRequest, study: Study) -> HttpResponse:
    """Choose files and their source."""
    person = signed_in(request)
    if request.method == "POST":
        check_disk_space()  # before the form, whose files were passed over then
    form = ImportForm(study, *sent(request))
    if request.method == "POST" and form.is_valid():
        files = [Upload(file.name or "unnamed", file.chunks()) for file in form.cleaned_data["uploads"]]
        with refusals_on(form):
            given = {name: form.cleaned_data[name] for name in ("source", "wanted")}
            batch = start_import(study=study, files=files, by=person, **given)
            return redirect("curation:import", study=study.slug, pk=batch.pk)
    status = 422 if form.is_bound else 200
    context = {"form": form, "hub_form": HubImportForm(study)}
    return render(request, "curation/new_import.html", _for_import(study) | context, status=status)


@post_only
@study_view(Role.LEAD)
@limited("upload")
def fetch_import(request: HttpRequest, study: Study) -> HttpResponse:
    """Fetch a dataset of the Hub; what is wrong with the form is told on the page it stands on."""
    form = HubImportForm(study, request.POST)
    if form.is_valid():
        with refusals_on(form):
            batch = start_hub_import(study=study, by=signed_in(request), **form.cleaned_data)
            return redirect("curation:import", study=study.slug, pk=batch.pk)
    context = {"form": ImportForm(study), "hub_form": form}
    return render(request, "curation/new_import.html", _for_import(study) | context, status=422)


def _for_import(study: Study) -> dict[str, Any]:
    return {"study": study, "has_sources": Source.objects.filter(study=study).exists()}


@require_GET
@study_view(Role.LEAD)
def one_import(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Progress, then the report."""
    rows = Import.objects.select_related("source", "job", "created_by")
    batch = get_object_or_404(rows, study=study, pk=pk)
    context = {
        "study": study,
        "batch": batch,
        "refused": (batch.refused_names or batch.refused)[:SHOWN_REFUSALS],
        "names_until": batch.created_at + KEPT_FOR if batch.refused_names else None,
        "more": max(0, len(batch.refused) - SHOWN_REFUSALS),
        "waiting": batch.images.filter(state=ImageState.QUARANTINED).count(),
        "held": batch.questions.filter(state=QuestionState.HELD).count(),
        "images": batch.images.order_by("pk")[:24],
        "made": Release.objects.filter(origin__batch=batch).first(),
        "taken_note": TAKEN.get(batch.format, "images and questions"),
    }
    return render(request, "curation/import.html", context)


@post_only
@study_view(Role.LEAD)
def seen(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The names of refused files were seen; they go."""
    person = signed_in(request)
    batch = get_object_or_404(Import, study=study, pk=pk)

    def act() -> str:
        drop_names(batch=batch, by=person)
        return "The names are deleted. The report keeps places and reasons."

    return attempt(request, act, "curation:import", study=study.slug, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.LEAD)
def source(request: HttpRequest, study: Study, pk: int | None = None) -> HttpResponse:
    """Make a source, or change what one permits."""
    person = signed_in(request)
    stored = get_object_or_404(Source, study=study, pk=pk) if pk is not None else None
    form = SourceForm(study, *sent(request)[:1], instance=stored)
    if request.method == "POST" and form.is_valid():
        # The form has written into its own instance: the use case gets the row as it is stored.
        unchanged = Source.objects.get(pk=stored.pk) if stored else None
        with refusals_on(form):
            save_source(study=study, fields=form.cleaned_data, by=person, source=unchanged)
            messages.success(request, "The source is saved.")
            return redirect("curation:imports", study=study.slug)
    status = 422 if form.is_bound else 200
    context = {"study": study, "form": form, "source": stored}
    return render(request, "curation/source.html", context, status=status)
