"""The leads' page about rounds: answers of models, new rounds, how far the open ones are."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from annotation.forms import AskModelsForm, ComparisonRoundForm
from annotation.pairing import KIND as PAIRING
from annotation.pairing import start_comparison_round
from annotation.progress import kept_progress, refresh_progress, rounds_with_counts
from annotation.responses import ask_for_answers
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.pages import refusals_on
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.refusals import Refused
from consilium.workqueue.models import Kind, Round
from consilium.workqueue.open import close_round

KINDS = (Kind.COMPARE, Kind.ADJUDICATE)


@require_safe
@study_view(Role.LEAD)
def rounds(request: HttpRequest, study: Study) -> HttpResponse:
    """Rounds with their progress, and the two forms that lead to a new one."""
    return _page(request, study)


@post_only
@study_view(Role.LEAD)
def count(request: HttpRequest, study: Study) -> HttpResponse:
    """Count the figures of the page anew and show it again."""
    refresh_progress(study, by=signed_in(request))
    return redirect("annotation:rounds", study=study.slug)


@post_only
@study_view(Role.LEAD)
@limited("launch")
def ask_models(request: HttpRequest, study: Study) -> HttpResponse:
    """Queue one job per chosen model."""
    person = signed_in(request)
    form = AskModelsForm(study, request.POST)
    if not form.is_valid():
        return _page(request, study, ask_form=form, status=422)
    for endpoint in form.cleaned_data["endpoints"]:
        try:
            ask_for_answers(study=study, endpoint=endpoint, by=person)
        except Refused as problem:
            if problem.passes_through:
                raise
            messages.warning(request, str(problem))
    return redirect("annotation:rounds", study=study.slug)


@post_only
@study_view(Role.LEAD)
def open_round(request: HttpRequest, study: Study) -> HttpResponse:
    """Pair answers and put the cases on the queue; many cases in a job that the page shows."""
    person = signed_in(request)
    form = ComparisonRoundForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            opened, job = start_comparison_round(study=study, by=person, **form.cleaned_data)
            refresh_progress(study, by=person)
            if job is None:
                messages.success(request, f"{opened.items.count()} cases are open for votes.")
            return redirect("annotation:rounds", study=study.slug)
    return _page(request, study, round_form=form, status=422)


@post_only
@study_view(Role.LEAD)
def close(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Close a round: nobody starts in it any more; what is voted stays."""
    person = signed_in(request)
    chosen = get_object_or_404(Round, pk=pk, study=study, kind__in=KINDS)
    close_round(work_round=chosen, by=person)
    refresh_progress(study, by=person)
    messages.success(request, f"{chosen.name} is closed.")
    return redirect("annotation:rounds", study=study.slug)


def _page(
    request: HttpRequest,
    study: Study,
    *,
    ask_form: AskModelsForm | None = None,
    round_form: ComparisonRoundForm | None = None,
    status: int = 200,
) -> HttpResponse:
    progress, kept = kept_progress(study)
    counted = list(rounds_with_counts(study, progress))
    number = sum(one.kind == Kind.COMPARE for one, _ in counted) + 1
    context = {
        "study": study,
        "kept": kept,
        "progress": progress,
        "rounds": [
            {"round": one, "dialog": f"close-{one.pk}", "counts": counts}
            for one, counts in counted
            if one.kind in KINDS
        ],
        "jobs": _jobs(study),
        "ask_form": ask_form or AskModelsForm(study),
        "round_form": round_form or ComparisonRoundForm(initial={"name": f"Round {number}"}),
    }
    return render(request, "annotation/rounds.html", context, status=status)


def _jobs(study: Study) -> list[Job]:
    """Jobs of this page that run, else the last ones that failed."""
    jobs = Job.objects.filter(study=study, kind__in=("annotation.answer", PAIRING))
    busy = jobs.filter(state__in=(JobState.QUEUED, JobState.RUNNING))
    return list(busy) or list(jobs.filter(state=JobState.FAILED).order_by("-created_at")[:2])
