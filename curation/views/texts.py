"""Pages of what may name a person in a text."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from consilium.pages import attempt, page_of
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.requests import post_only, signed_in
from consilium.refusals import Refused
from curation.held_texts import Decided, decide, declare_harmless, marked_texts
from curation.models import Question, TextChoice, TextFinding
from curation.states import QuestionState

PER_PAGE = 20


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.LEAD)
def texts(request: HttpRequest, study: Study) -> HttpResponse:
    """Questions held because a text may name a person: decide about each place."""
    held = Question.objects.filter(study=study, state=QuestionState.HELD).order_by("pk")
    page = page_of(request, held, size=PER_PAGE)
    findings = list(TextFinding.objects.filter(question__in=[one.pk for one in page], choice=""))
    problem, chosen, also = "", _chosen(request, findings), _also(request, page)
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "")
            outcome = decide(study=study, choices=chosen, also=also, reason=reason, by=signed_in(request))
        except Refused as refusal:
            problem = str(refusal)
        else:
            messages.success(request, _said(outcome))
            return redirect("curation:texts", study=study.slug)
    context = {
        "study": study,
        "page_obj": page,
        "held": [_held(question, findings, chosen, also) for question in page],
        "choices": [(choice.value, choice.label) for choice in TextChoice if choice.value],
        "reason": request.POST.get("reason", ""),
        "problem": problem,
        "declared": TextFinding.objects.filter(study=study, question=None).select_related("decided_by"),
    }
    return render(request, "curation/texts.html", context, status=422 if problem else 200)


@post_only
@study_view(Role.LEAD)
def harmless(request: HttpRequest, study: Study) -> HttpResponse:
    """Declare something harmless wherever it stands in the study."""
    person = signed_in(request)

    def act() -> str:
        text, reason = request.POST.get("text", ""), request.POST.get("reason", "")
        count = declare_harmless(study=study, text=text[:500], reason=reason, by=person)
        return (
            f"{count} declared harmless in this study." if count > 1 else "Declared harmless in this study."
        )

    return attempt(request, act, "curation:texts", study=study.slug)


def _chosen(request: HttpRequest, findings: list[TextFinding]) -> dict[int, str]:
    """Finding's key to the choice that was made; "mask everything else" chooses for those without one."""
    rest = TextChoice.MASK if request.POST.get("do") == "mask" else ""
    chosen = {one.pk: request.POST.get(f"finding-{one.pk}", "") or rest for one in findings}
    return {pk: choice for pk, choice in chosen.items() if choice in TextChoice.values and choice}


def _said(outcome: Decided) -> str:
    freed = f"{outcome.freed} question{'s are' if outcome.freed != 1 else ' is'} no longer held."
    return f"{outcome.masked} masked, {outcome.removed} removed, {outcome.harmless} harmless. {freed}"


def _also(request: HttpRequest, page: Iterable[Question]) -> dict[int, str]:
    """Question's key to what else in it was typed to be masked."""
    typed = {question.pk: request.POST.get(f"also-{question.pk}", "").strip()[:200] for question in page}
    return {pk: text for pk, text in typed.items() if text}


def _held(
    question: Question, findings: list[TextFinding], chosen: dict[int, str], also: dict[int, str]
) -> dict[str, Any]:
    """The question's marked texts, its findings in reading order, what was chosen and typed."""
    mine = {finding.pk: finding for finding in findings if finding.question_id == question.pk}
    marked, said = marked_texts(question, mine.values())
    # What an edit took out of the text comes last.
    order = [*said, *(pk for pk in mine if pk not in said)]
    return {
        "question": question,
        "texts": marked,
        "findings": [
            {"finding": mine[pk], "said": said.get(pk, ""), "chosen": chosen.get(pk, "")} for pk in order
        ],
        "also": also.get(question.pk, ""),
    }
