"""Pages of the benchmark: leaderboards, one evaluation, launching."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from benchmark import reporting, showing
from benchmark.forms import EvaluationForm
from benchmark.launching import EvaluationRefused, evaluate
from benchmark.models import Evaluation, EvaluationKind, SolverResult, Verdict
from consilium.answers.dimensions import DIMENSIONS
from consilium.people.access import study_for
from consilium.people.models import Role, Study
from consilium.people.requests import signed_in
from curation.models import Release, ReleaseKind

SHOWN = 200


def leaderboard(request: HttpRequest, study: str) -> HttpResponse:
    """Judges on one preference release and solvers on one question release; the newest unless chosen."""
    found = study_for(signed_in(request), study, Role.LEAD)
    context: dict[str, Any] = {"study": found, "dimensions": DIMENSIONS}
    context["running"] = (
        Evaluation.objects.filter(study=found, job__state__in=["queued", "running"])
        .select_related("job", "endpoint")
        .order_by("pk")
    )
    context["judges"] = _judges(found, request.GET.get("judges"))
    context["solvers"] = _solvers(found, request.GET.get("solvers"))
    return render(request, "benchmark/leaderboard.html", context)


def launch(request: HttpRequest, study: str, kind: str) -> HttpResponse:
    """Score models as judges or as solvers."""
    person = signed_in(request)
    found = study_for(person, study, Role.LEAD)
    if kind not in EvaluationKind.values:
        raise Http404("No such kind of evaluation.")
    form = EvaluationForm(request.POST or None, study=found, kind=EvaluationKind(kind))
    if request.method == "POST" and form.is_valid():
        try:
            made = evaluate(study=found, kind=kind, by=person, **form.cleaned_data)
        except EvaluationRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{len(made)} evaluations are on the queue.")
            return redirect("benchmark:leaderboard", study=found.slug)
    return render(request, "benchmark/launch.html", {"study": found, "form": form, "kind": kind})


def evaluation(request: HttpRequest, study: str, pk: int) -> HttpResponse:
    """One evaluation: its job, its card, its raw replies."""
    found = study_for(signed_in(request), study, Role.LEAD)
    related = Evaluation.objects.select_related("job", "endpoint", "release", "study")
    one = get_object_or_404(related, study=found, pk=pk)
    verdicts = Verdict.objects.filter(evaluation=one).select_related("reply").order_by("row_id", "order")
    results = SolverResult.objects.filter(evaluation=one).select_related("reply").order_by("row_id")
    context = {
        "study": found,
        "evaluation": one,
        "job": one.job,
        "verdicts": verdicts[:SHOWN],
        "results": results[:SHOWN],
        "dimensions": DIMENSIONS,
    }
    return render(request, "benchmark/evaluation.html", context)


def _judges(study: Study, chosen: str | None) -> dict[str, Any]:
    release, releases = _release(study, ReleaseKind.PREFERENCES, chosen)
    lines = reporting.judge_lines(release) if release else []
    return {
        "release": release,
        "releases": releases,
        "table": showing.judge_table(lines),
        "chart": showing.judge_chart(lines) if lines else "",
    }


def _solvers(study: Study, chosen: str | None) -> dict[str, Any]:
    release, releases = _release(study, ReleaseKind.QUESTIONS, chosen)
    lines = reporting.solver_lines(release) if release else []
    names = showing.specialties_in(lines)
    return {
        "release": release,
        "releases": releases,
        "specialties": names,
        "table": showing.solver_table(lines, names),
        "chart": showing.solver_chart(lines) if lines else "",
    }


def _release(study: Study, kind: str, chosen: str | None) -> tuple[Release | None, list[Release]]:
    releases = list(Release.objects.filter(study=study, kind=kind).exclude(digest="").order_by("-frozen_at"))
    wanted = next((release for release in releases if str(release.pk) == chosen), None)
    return wanted or next(iter(releases), None), releases
