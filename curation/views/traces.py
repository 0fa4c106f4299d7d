"""Pages of traces, and the screen on which a clinician reviews one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from consilium.jobs.models import Job
from consilium.pages import attempt, chosen_count, one_of, page_of, pills
from consilium.people.access import held_roles, study_view
from consilium.people.models import Role, Study
from consilium.people.permissions import SENIORS, Standing
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.refusals import Refused
from consilium.workqueue.claim import earlier_claim
from consilium.workqueue.models import Claim
from consilium.workqueue.views import work_screen
from curation.forms import ReviewRoundForm, TraceForm
from curation.images.access import all_released
from curation.models import Trace
from curation.permissions import can_settle
from curation.states import TraceState
from curation.traces.generate import KIND, start_tracing
from curation.traces.review import OPENING, counted_reviews, start_reviews
from curation.traces.review import settle_trace as settle
from curation.traces.review_schema import REASONS, step_id


@require_GET
@study_view(*SENIORS)
def traces(request: HttpRequest, study: Study) -> HttpResponse:
    """All traces by state; where new ones and review rounds start."""
    rows = Trace.objects.filter(study=study).select_related("question", "endpoint").order_by("-pk")
    state = one_of(request, "state", TraceState.values)
    states = pills(rows, TraceState, state)
    jobs = Job.objects.filter(study=study, kind__in=(KIND, OPENING)).order_by("-created_at")
    context = {
        "study": study,
        "pills": states,
        "page_obj": page_of(request, rows.filter(state=state) if state else rows, count=chosen_count(states)),
        "job": jobs.first(),
        "trace_form": TraceForm(study),
        "round_form": ReviewRoundForm(),
        "is_lead": Role.LEAD in held_roles(request),
        "to_review": rows.filter(state=TraceState.CHECKED).count(),
    }
    return render(request, "curation/traces.html", context)


@post_only
@study_view(Role.LEAD)
@limited("launch")
def start(request: HttpRequest, study: Study) -> HttpResponse:
    """Let a model write traces."""
    person = signed_in(request)
    form = TraceForm(study, request.POST)

    def act() -> str:
        if not form.is_valid():
            raise Refused("Choose a model that may be asked.")
        chosen = form.cleaned_data
        start_tracing(study=study, endpoint=chosen["endpoint"], by=person, paradigm=chosen["paradigm"])
        return "The model is asked for traces."

    return attempt(request, act, "curation:traces", study=study.slug)


@post_only
@study_view(Role.LEAD)
def open_round(request: HttpRequest, study: Study) -> HttpResponse:
    """Put the checked traces on the review queue; many of them in a job that the page shows."""
    person = signed_in(request)
    form = ReviewRoundForm(request.POST)

    def act() -> str:
        if not form.is_valid():
            raise Refused("Give the round a name.")
        opened = start_reviews(study=study, by=person, **form.cleaned_data)
        if isinstance(opened, Job):
            return "The traces are being put on the queue."
        return f"{opened.items.count()} traces wait for review."

    return attempt(request, act, "curation:traces", study=study.slug)


@require_GET
@study_view(*SENIORS)
def trace(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One trace: steps with their edits, checks, reviews."""
    person = signed_in(request)
    rows = Trace.objects.select_related("question__cluster", "endpoint", "reply")
    shown = get_object_or_404(rows, study=study, pk=pk)
    images = shown.question.ordered_images()
    is_lead = Role.LEAD in held_roles(request)
    context = {
        "study": study,
        "trace": shown,
        "images": images,
        "visible": all_released(images),
        "steps": shown.steps.all(),
        "is_lead": is_lead,
        "reviews": _reviews(shown, named=is_lead),
        "may_settle": shown.state == TraceState.DISPUTED and can_settle(person, shown),
    }
    return render(request, "curation/trace.html", context)


@post_only
@study_view(*SENIORS)
def settle_trace(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Decide a dispute for one of the reviews."""
    person = signed_in(request)
    shown = get_object_or_404(Trace.objects.select_related("study"), study=study, pk=pk)
    number = request.POST.get("review", "")
    review = get_object_or_404(
        shown.reviews, pk=int(number) if number.isdecimal() and len(number) < 19 else 0
    )

    def act() -> str:
        settle(trace=shown, review=review, by=person)
        return "The trace is settled."

    return attempt(request, act, "curation:trace", study=study.slug, pk=pk)


@work_screen
def review(request: HttpRequest, claim: Claim, standing: Standing) -> HttpResponse:
    """The workbench: images left, steps right, a decision per step."""
    rows = Trace.objects.select_related("question", "study")
    shown = get_object_or_404(rows, pk=claim.item.object_id)
    images = shown.question.ordered_images()
    if not all_released(images):
        if not hasattr(request, "frame"):  # a screen that is not shown says nothing
            messages.warning(request, "An image of this trace was withdrawn. Skip it, or tell a lead.")
        return redirect("work:queue", study=claim.study.slug)
    steps = [{"id": step_id(step.position), "text": step.original} for step in shown.steps.all()]
    context = {
        "study": claim.study,
        "current_study": claim.study,
        "claim": claim,
        "trace": shown,
        "question": shown.question,
        "images": images,
        "steps": steps,
        "reasons": REASONS.items(),
        "shows_gold": claim.shown.get("gold", False),
        "earlier": earlier_claim(claim),
    }
    return render(request, "curation/review.html", context)


def _reviews(trace: Trace, *, named: bool) -> list[dict[str, Any]]:
    """Each counted review with its decisions beside the step's original text; a number instead of a name."""
    originals = {step_id(step.position): step.original for step in trace.steps.all()}
    shown = []
    for place, review in enumerate(counted_reviews(trace), start=1):
        entries = [
            {
                "number": number,
                "original": originals.get(entry["id"], ""),
                "text": entry.get("text", ""),
                "status": entry["status"],
                "reason": REASONS.get(entry.get("reason", ""), ""),
            }
            for number, entry in enumerate(review.steps, start=1)
        ]
        who = str(review.person) if named else f"Reviewer {place}"
        shown.append({"review": review, "who": who, "entries": entries})
    return shown
