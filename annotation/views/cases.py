"""The leads' pages about cases."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from annotation.adjudication import decision_signatures
from annotation.exclusion import exclude
from annotation.forms import ExcludeForm
from annotation.models import Case, Choice, Consensus, Dimension, Vote
from annotation.states import CaseState
from consilium.audit.models import AuditEvent
from consilium.pages import attempt, chosen_count, one_of, page_of, pills
from consilium.people.access import study_view
from consilium.people.models import Role, Study, pseudonym
from consilium.people.requests import post_only, signed_in
from consilium.workqueue.models import Kind, WorkItem

PAGE = 50


@require_safe
@study_view(Role.LEAD)
def cases(request: HttpRequest, study: Study) -> HttpResponse:
    """All cases of the study, by state."""
    wanted = one_of(request, "state", CaseState.values)
    all_cases = Case.objects.filter(study=study)
    states = pills(all_cases, CaseState, wanted)
    listed = all_cases.filter(state=wanted) if wanted else all_cases
    shown = listed.select_related("question").only("state", "question__text", "question__organ_system")
    page = page_of(request, shown, PAGE, count=chosen_count(states))
    _add_votes(list(page))
    context = {"study": study, "page": page, "filters": states}
    return render(request, "annotation/cases.html", context)


@require_safe
@study_view(Role.LEAD)
def case(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One case: its answers, votes by pseudonym, labels and history."""
    return render(request, "annotation/case.html", _details(_one(study, pk)))


@post_only
@study_view(Role.LEAD)
def exclude_case(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Leave the case out, with a reason."""
    person = signed_in(request)
    chosen = _one(study, pk)
    form = ExcludeForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""

    def act() -> str:
        exclude(case=chosen, reason=reason, by=person)
        return f"Case {chosen.pk} is left out of every later release."

    return attempt(request, act, "annotation:case", study=study.slug, pk=pk)


def _add_votes(listed: list[Case]) -> None:
    """Give each case its slots, its counted voters and its labels, for the page's cases only."""
    keys = [one.pk for one in listed]
    items = WorkItem.objects.filter(kind=Kind.COMPARE, object_id__in=keys)
    slots = dict(items.values_list("object_id", "capacity"))
    votes = Vote.objects.filter(case__in=keys, submission__is_surplus=False).order_by()
    voted = dict(votes.values_list("case").annotate(voted=Count("person", distinct=True)))
    labels: dict[int, dict[str, Consensus]] = {}
    for entry in Consensus.objects.filter(case__in=keys):
        labels.setdefault(entry.case_id, {})[entry.dimension] = entry
    for one in listed:
        one.capacity, one.voted = slots.get(one.pk, 0), voted.get(one.pk, 0)  # type: ignore[attr-defined]
        disputed = one.state == CaseState.DISPUTED
        one.labels = {} if disputed else labels.get(one.pk, {})  # type: ignore[attr-defined]


def _one(study: Study, pk: int) -> Case:
    related = ("study", "round", "question__cluster", "response_a__endpoint", "response_b__endpoint")
    return get_object_or_404(Case.objects.select_related(*related), pk=pk, study=study)


def _details(one: Case) -> dict[str, Any]:
    votes = list(Vote.objects.newest().filter(case=one).select_related("submission").order_by("pk"))
    consensus = {entry.dimension: entry for entry in one.consensus.all()}
    decisions = list(one.adjudications.select_related("submission").order_by("pk"))
    signed = decision_signatures(decisions, {name: entry.label for name, entry in consensus.items()})
    return {
        "study": one.study,
        "case": one,
        "images": one.question.ordered_images(),
        "shows_models": one.state == CaseState.SETTLED,
        "readers": [
            {
                "name": pseudonym(one.study_id, vote.person_id),
                "vote": vote,
                "seconds": vote.submission.active_seconds,
            }
            for vote in votes
        ],
        "rows": [
            {
                "label": name.label,
                "choices": [Choice(vote.choice(name)).label for vote in votes],
                "entry": consensus.get(name.value),
            }
            for name in Dimension
        ],
        "decisions": [
            _decision(one, decision) | {"signatures": signed.get(decision.submission_id, [])}
            for decision in decisions
        ],
        "written": [
            (pseudonym(one.study_id, vote.person_id), Dimension(name).label, text)
            for vote in votes
            for name, text in vote.rationales.items()
        ],
        "events": AuditEvent.objects.filter(
            study=one.study, object_type="annotation.case", object_id=str(one.pk)
        ).select_related("actor"),
        "form": ExcludeForm(),
        "can_exclude": one.state != CaseState.EXCLUDED,
    }


def _decision(one: Case, decision: Any) -> dict[str, Any]:
    return {
        "name": pseudonym(one.study_id, decision.person_id),
        "comment": decision.comment,
        "rows": [
            (name.label, Choice(decision.blind[name.value]).label, Choice(decision.final[name.value]).label)
            for name in Dimension
        ],
    }
