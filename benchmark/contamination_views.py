"""The page of the rows of a release on whose data a model was trained."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from benchmark.contamination import shared_rows
from consilium.inference.models import ModelEndpoint
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from curation.models import Release

SHOWN = 200


@study_view(Role.LEAD)
def shared_data(request: HttpRequest, study: Study, pk: int, endpoint: int) -> HttpResponse:
    """Every such row and what it has in common with the training data."""
    release = get_object_or_404(Release.objects.exclude(digest=""), study=study, pk=pk)
    model = get_object_or_404(ModelEndpoint.objects.for_study(study), pk=endpoint)
    rows = shared_rows(release, [model]).get(model.pk, [])
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    context = {"study": study, "release": release, "model": model, "page": page}
    return render(request, "benchmark/shared_data.html", context)
