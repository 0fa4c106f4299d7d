"""The leads' page about rounds: answers of models, new rounds, how far the open ones are."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from annotation.forms import AskModelsForm, ComparisonRoundForm
from annotation.models import Response
from annotation.pairing import KIND as PAIRING
from annotation.pairing import pairable, start_comparison_round
from annotation.responses import ask_for_answers
from consilium.jobs.models import Job
from consilium.jobs.states import JobState
from consilium.pages import refusals_on
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.requests import post_only, signed_in
from consilium.refusals import Refused
from consilium.workqueue.models import Kind, Round, Submission
from consilium.workqueue.open import close_round
from curation.models import Question, Use

KINDS = (Kind.COMPARE, Kind.ADJUDICATE)


@require_safe
@study_view(Role.LEAD)
def rounds(request: HttpRequest, study: Study) -> HttpResponse:
    """Rounds with their progress, and the two forms that lead to a new one."""
    return _page(request, study)


@post_only
@study_view(Role.LEAD)
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
    answered = (
        Response.objects.filter(study=study).order_by().values("endpoint__name").annotate(n=Count("pk"))
    )
    context = {
        "study": study,
        "rounds": _rounds(study),
        "jobs": _jobs(study),
        "test_questions": Question.objects.for_use(study, Use.TEST).ready().count(),
        "answered": [(row["endpoint__name"], row["n"]) for row in answered.order_by("endpoint__name")],
        "can_pair": pairable(study).count(),
        "ask_form": ask_form or AskModelsForm(study),
        "round_form": round_form or ComparisonRoundForm(initial={"name": _next_name(study)}),
    }
    return render(request, "annotation/rounds.html", context, status=status)


def _rounds(study: Study) -> list[dict[str, Any]]:
    """Each round with its slots, its counted submissions and what is open."""
    listed = Round.objects.filter(study=study, kind__in=KINDS).annotate(
        item_count=Count("items"),
        slots=Sum("items__capacity"),
        still_open=Count("items", filter=Q(items__is_open=True)),
    )
    done = dict(
        Submission.objects.filter(item__round__in=listed.values("pk"), version=1, is_surplus=False)
        .order_by()
        .values_list("item__round")
        .annotate(n=Count("pk"))
    )
    return [
        {
            "round": one,
            "dialog": f"close-{one.pk}",
            "done": min(done.get(one.pk, 0), one.slots or 0),
            "slots": one.slots or 0,
        }
        for one in listed
    ]


def _jobs(study: Study) -> "QuerySet[Job]":
    """Jobs of this page that run, and the last ones that failed."""
    jobs = Job.objects.filter(study=study, kind__in=("annotation.answer", PAIRING))
    busy = jobs.filter(state__in=(JobState.QUEUED, JobState.RUNNING))
    return busy if busy.exists() else jobs.filter(state=JobState.FAILED).order_by("-created_at")[:2]


def _next_name(study: Study) -> str:
    return f"Round {Round.objects.filter(study=study, kind=Kind.COMPARE).count() + 1}"
