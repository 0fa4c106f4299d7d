"""Pages of pipelines: the list, the form, one pipeline with its steps as one thing."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from consilium.jobs.states import JobState
from consilium.pages import attempt, one_of, page_of, refusals_on
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from dashboard.models import Pipeline, PipelineKind
from dashboard.pipelines.control import cancel_pipeline, resume_pipeline
from dashboard.pipelines.forms import PipelineForm
from dashboard.pipelines.launch import start_pipeline
from dashboard.pipelines.progress import by_seed, counted, next_words, shown_steps, told_pipeline
from dashboard.pipelines.report import recipe_report
from dashboard.pipelines.report_tables import report_context
from dashboard.pipelines.states import PipelineState

SHOWN = 50


def _pipelines(study: Study) -> "QuerySet[Pipeline]":
    related = ("study", "base", "release", "questions", "dev_questions", "preferences", "created_by", "actor")
    return Pipeline.objects.filter(study=study).select_related(*related)


@require_GET
@study_view(Role.LEAD)
def pipelines(request: HttpRequest, study: Study) -> HttpResponse:
    """All pipelines and comparisons of the study, newest first."""
    done = Q(steps__run__job__state=JobState.SUCCEEDED) | Q(steps__evaluation__job__state=JobState.SUCCEEDED)
    listed = _pipelines(study).annotate(
        all_steps=Count("steps", distinct=True), done_steps=Count("steps", filter=done, distinct=True)
    )
    page = page_of(request, listed.order_by("-pk"), SHOWN)
    is_moving = any(one.state == PipelineState.RUNNING for one in page)
    context = {"study": study, "page": page, "is_moving": is_moving}
    is_part = bool(getattr(request, "htmx", None))
    return render(request, f"dashboard/pipelines/{'rows' if is_part else 'list'}.html", context)


@study_view(Role.LEAD)
@limited("launch")
def new_pipeline(request: HttpRequest, study: Study) -> HttpResponse:
    """Start one model's pipeline, or the comparison of all recipes."""
    person = signed_in(request)
    asked = request.POST.get("kind") or one_of(request, "kind", PipelineKind.values)
    kind = PipelineKind(asked) if asked in PipelineKind.values else PipelineKind.WHOLE
    form = PipelineForm(request.POST or None, study=study, kind=kind)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = start_pipeline(study=study, kind=kind, by=person, **form.cleaned_data)
            messages.success(request, f"{made} has started.")
            return redirect("site:pipeline", study=study.slug, pk=made.pk)
    context = {"study": study, "form": form, "lacks": form.lacks(), "kinds": PipelineKind}
    return render(request, "dashboard/pipelines/new.html", context)


@require_GET
@study_view(Role.LEAD)
def pipeline(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One pipeline: what is next, its steps, what went in, and what came out."""
    one = get_object_or_404(_pipelines(study), pk=pk)
    context = _shown(study, one) | report_context(recipe_report(one))
    return render(request, "dashboard/pipelines/pipeline.html", context)


@require_GET
@study_view(Role.LEAD)
def pipeline_report(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The figures as a file."""
    one = get_object_or_404(_pipelines(study), pk=pk)
    told = told_pipeline(one)
    response = JsonResponse(told, json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-pipeline-{one.pk}.json"'
    return response


@require_GET
@study_view(Role.LEAD)
def pipeline_live(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The moving part of the page; asks for itself again until it is over, then for the whole page."""
    one = get_object_or_404(_pipelines(study), pk=pk)
    context = _shown(study, one)
    response = render(request, "dashboard/pipelines/live.html", context)
    if not context["is_moving"]:
        response["HX-Refresh"] = "true"
    return response


@post_only
@study_view(Role.LEAD)
@limited("launch")
def resume_steps(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Have a pipeline that failed or was cancelled go on."""
    one = get_object_or_404(_pipelines(study), pk=pk)

    def act() -> str:
        resume_pipeline(pipeline=one, by=signed_in(request))
        return f"{one} goes on."

    return attempt(request, act, "site:pipeline", study=study.slug, pk=pk)


@post_only
@study_view(Role.LEAD)
def cancel_steps(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Stop a pipeline and what is at work for it."""
    one = get_object_or_404(_pipelines(study), pk=pk)

    def act() -> str:
        cancel_pipeline(pipeline=one, by=signed_in(request))
        return f"{one} is cancelled; what is at work stops at its next safe point."

    return attempt(request, act, "site:pipeline", study=study.slug, pk=pk)


def _shown(study: Study, one: Pipeline) -> dict[str, Any]:
    shown = shown_steps(one)
    done, total = counted(shown)
    return {
        "study": study,
        "pipeline": one,
        "steps": shown,
        "rows": by_seed(shown) if one.kind == PipelineKind.COMPARISON else [],
        "done": done,
        "total": total,
        "next": next_words(one, shown),
        # A cancelled or failed one still moves while what was at work for it stops or ends.
        "is_moving": not one.is_over or any(step.job and not step.job.is_over for step in shown),
    }
