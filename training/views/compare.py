"""The page that shows two runs side by side."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from consilium.people.access import study_view
from consilium.people.models import Role, Study
from training.comparison import compare_runs
from training.curves import charts_of
from training.models import Run

OFFERED = 200


@require_GET
@study_view(Role.LEAD)
def compare(request: HttpRequest, study: Study) -> HttpResponse:
    """Inputs, settings, results and curves of two runs; the two newest unless chosen."""
    runs = Run.objects.filter(study=study).select_related("job", "base", "release", "study").order_by("-pk")
    offered = list(runs[:OFFERED])
    known = {str(run.pk): run for run in offered}
    left = known.get(request.GET.get("left", ""), offered[1] if len(offered) > 1 else None)
    right = known.get(request.GET.get("right", ""), offered[0] if offered else None)
    context = {"study": study, "offered": offered, "left": left, "right": right}
    if left is not None and right is not None:
        last = max(run.job.progress_total for run in (left, right))
        named = [(left, str(left)), (right, str(right) if right != left else f"{right} again")]
        context |= {"groups": compare_runs(left, right), "curves": charts_of(named, last)}
    return render(request, "training/compare.html", context)
