"""Pages of imports and of sources."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from consilium.pages import page_of, refusals_on, sent
from consilium.people.access import study_for
from consilium.people.models import Role
from consilium.people.requests import signed_in
from curation.forms import ImportForm, SourceForm
from curation.imports.run import start_import
from curation.imports.uploads import Upload
from curation.models import Import, Source
from curation.sources import save_source
from curation.states import ImageState

SHOWN_REFUSALS = 200


@require_GET
def imports(request: HttpRequest, study: str) -> HttpResponse:
    """All imports, newest first, and the sources."""
    found = study_for(signed_in(request), study, Role.LEAD)
    rows = Import.objects.filter(study=found).select_related("source", "job", "created_by")
    context = {
        "study": found,
        "page_obj": page_of(request, rows),
        "sources": Source.objects.filter(study=found).order_by("name"),
    }
    return render(request, "curation/imports.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_import(request: HttpRequest, study: str) -> HttpResponse:
    """Choose files and their source."""
    person = signed_in(request)
    found = study_for(person, study, Role.LEAD)
    if not Source.objects.filter(study=found).exists():
        messages.info(request, "Describe first where the data comes from.")
        return redirect("curation:new-source", study=study)
    form = ImportForm(found, *sent(request))
    if request.method == "POST" and form.is_valid():
        files = [Upload(file.name or "unnamed", file.chunks()) for file in form.cleaned_data["uploads"]]
        with refusals_on(form):
            batch = start_import(study=found, source=form.cleaned_data["source"], files=files, by=person)
            return redirect("curation:import", study=study, pk=batch.pk)
    status = 422 if form.is_bound else 200
    return render(request, "curation/new_import.html", {"study": found, "form": form}, status=status)


@require_GET
def one_import(request: HttpRequest, study: str, pk: int) -> HttpResponse:
    """Progress, then the report."""
    found = study_for(signed_in(request), study, Role.LEAD)
    rows = Import.objects.select_related("source", "job", "created_by")
    batch = get_object_or_404(rows, study=found, pk=pk)
    context = {
        "study": found,
        "batch": batch,
        "refused": batch.refused[:SHOWN_REFUSALS],
        "more": max(0, len(batch.refused) - SHOWN_REFUSALS),
        "waiting": batch.images.filter(state=ImageState.QUARANTINED).count(),
        "images": batch.images.order_by("pk")[:24],
    }
    return render(request, "curation/import.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def source(request: HttpRequest, study: str, pk: int | None = None) -> HttpResponse:
    """Make a source, or change what one permits."""
    person = signed_in(request)
    found = study_for(person, study, Role.LEAD)
    stored = get_object_or_404(Source, study=found, pk=pk) if pk is not None else None
    form = SourceForm(found, *sent(request)[:1], instance=stored)
    if request.method == "POST" and form.is_valid():
        # The form has written into its own instance: the use case gets the row as it is stored.
        unchanged = Source.objects.get(pk=stored.pk) if stored else None
        with refusals_on(form):
            save_source(study=found, fields=form.cleaned_data, by=person, source=unchanged)
            messages.success(request, "The source is saved.")
            return redirect("curation:imports", study=study)
    status = 422 if form.is_bound else 200
    context = {"study": found, "form": form, "source": stored}
    return render(request, "curation/source.html", context, status=status)
