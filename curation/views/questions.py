"""Pages of questions."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from consilium.pages import attempt, chosen_count, one_of, page_of, pills
from consilium.people.access import study_view
from consilium.people.models import Role, Specialty, Study
from consilium.people.requests import post_only, signed_in
from curation.images.access import all_released
from curation.images.purge import is_text_due, start_purge
from curation.models import Question, Use
from curation.questions import drop_question, open_questions, unopened
from curation.states import QuestionState


@require_GET
@study_view(Role.LEAD)
def questions(request: HttpRequest, study: Study) -> HttpResponse:
    """All questions, by state, use, specialty and words."""
    rows = Question.objects.filter(study=study).select_related("cluster", "source").order_by("pk")
    use, specialty = one_of(request, "use", Use.values), one_of(request, "specialty", Specialty.values)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    rows = rows.filter(cluster__use=use) if use else rows
    rows = rows.filter(specialty=specialty) if specialty else rows
    rows = rows.filter(Q(text__icontains=words) | Q(external_id__icontains=words)) if words else rows
    state = one_of(request, "state", QuestionState.values)
    states = pills(rows, QuestionState, state)
    context = {
        "study": study,
        "pills": states,
        "page_obj": page_of(request, rows.filter(state=state) if state else rows, count=chosen_count(states)),
        "uses": Use.choices,
        "specialties": Specialty.choices,
        "chosen": {"use": use, "specialty": specialty, "q": words, "state": state},
        "openable": unopened(study).filter(waits=False).count(),
        "waiting": unopened(study).filter(waits=True).count(),
        "held": Question.objects.filter(study=study, state=QuestionState.HELD).count(),
        "is_filtered": bool(use or specialty or words or state),
    }
    return render(request, "curation/questions.html", context)


@require_GET
@study_view(Role.LEAD)
def question(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One question with its images, traces and origin."""
    rows = Question.objects.select_related("cluster", "source", "batch", "purged_by")
    shown = get_object_or_404(rows, study=study, pk=pk)
    images = shown.ordered_images()
    context = {
        "study": study,
        "question": shown,
        "images": images,
        "visible": all_released(images),
        "may_purge": shown.state == QuestionState.DROPPED and is_text_due(shown),
        "traces": shown.traces.select_related("endpoint").order_by("pk"),
    }
    return render(request, "curation/question.html", context)


@post_only
@study_view(Role.LEAD)
def open_all(request: HttpRequest, study: Study) -> HttpResponse:
    """Open every imported question whose images are usable."""
    person = signed_in(request)

    def act() -> str:
        outcome = open_questions(study=study, by=person)
        waits = f" {outcome.waiting} wait for the pixel review of an image." if outcome.waiting else ""
        return f"{outcome.opened} questions are ready.{waits}"

    return attempt(request, act, "curation:questions", study=study.slug)


@post_only
@study_view(Role.LEAD)
def drop(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Leave a question out, with a reason."""
    person = signed_in(request)
    shown = get_object_or_404(Question, study=study, pk=pk)

    def act() -> str:
        drop_question(question=shown, reason=request.POST.get("reason", ""), by=person)
        return "The question is dropped."

    return attempt(request, act, "curation:question", study=study.slug, pk=pk)


@post_only
@study_view(Role.LEAD)
def purge(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Delete the texts of a question that was dropped while it was held."""
    person = signed_in(request)
    shown = get_object_or_404(Question, study=study, pk=pk)

    def act() -> str:
        start_purge(study=study, question=shown, reason=request.POST.get("reason", ""), by=person)
        return "Its texts are being deleted."

    return attempt(request, act, "curation:question", study=study.slug, pk=pk)
