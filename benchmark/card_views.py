"""An evaluation's run card as a file, and the exact re-run check of it."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from benchmark.models import Evaluation
from benchmark.rerun_check import start_rerun_check
from consilium.pages import attempt
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.requests import post_only, signed_in


@require_GET
@study_view(Role.LEAD)
def take_card(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The run card as JSON, once there is one."""
    one = get_object_or_404(Evaluation, study=study, pk=pk)
    if not one.run_card:
        raise Http404("This evaluation has no run card yet.")
    text = json.dumps(one.run_card, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    answer = HttpResponse(text, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{study.slug}-evaluation-{one.pk}.json"'
    return answer


@post_only
@study_view(Role.LEAD)
def recheck(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Start the exact re-run check."""
    related = Evaluation.objects.select_related("job", "endpoint", "release", "study")
    one = get_object_or_404(related, study=study, pk=pk)

    def act() -> str:
        start_rerun_check(evaluation=one, by=signed_in(request))
        return "The evaluation is being checked."

    return attempt(request, act, "benchmark:evaluation", study=study.slug, pk=pk)
