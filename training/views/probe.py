"""The page of an estimate: the probe's progress, then what the whole run would take, and its launch."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.pages import refusals_on
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.ui.durations import about
from training.forms import LaunchForm
from training.models import Stage
from training.preconditions import FEEDS
from training.probe import PROBE, TRIED_OUT, start_probe
from training.stage_settings import defaults_of


@post_only
@study_view(Role.LEAD)
@limited("launch")
def probe(request: HttpRequest, study: Study) -> HttpResponse:
    """Try out a few steps of what the launch form says."""
    chosen = request.POST.get("stage", "")
    stage = chosen if chosen in TRIED_OUT else str(Stage.DSA)
    form = LaunchForm(request.POST, study=study, stage=stage)
    if form.is_valid():
        with refusals_on(form):
            arguments = {"study": study, "by": signed_in(request), **form.launch_arguments()}
            arguments.pop("inputs", None)  # what a step costs does not depend on them
            job = start_probe(**arguments)
            return redirect("training:estimate", study=study.slug, job=job.pk)
    told = (error for errors in form.errors.values() for error in errors)
    messages.error(request, " ".join(map(str, told)))
    return redirect("training:launch", study=study.slug)


@require_GET
@study_view(Role.LEAD)
def estimate(request: HttpRequest, study: Study, job: UUID) -> HttpResponse:
    """One probe: its progress, or what it found."""
    tried = get_object_or_404(Job.objects.select_related("study"), study=study, kind=PROBE, pk=job)
    context: dict[str, Any] = {"study": study, "job": tried, "asked": tried.params}
    if tried.state == JobState.SUCCEEDED:
        found = tried.result
        context |= {"found": found, "takes": about(found["seconds"])}
        context["fits"] = found["disk_bytes"] < found["free_bytes"]
    context["hidden"] = list(_hidden(tried.params))
    context["builds_on_nothing"] = not FEEDS[Stage(tried.params["stage"])]
    return render(request, "training/estimate.html", context)


def _hidden(params: dict[str, Any]) -> list[tuple[str, Any]]:
    """The fields of the launch form with the choices that were tried out."""
    stage = params["stage"]
    fields = [(name, params[name]) for name in ("stage", "release", "base", "specialty", "seed")]
    fields.append(("gpus", params.get("gpus", "")))  # estimates of earlier versions name no set
    for name, value in {**defaults_of(stage), **params["settings"]}.items():
        fields += [(f"{stage}-{name}", one) for one in (value if isinstance(value, list) else [value])]
    return fields
