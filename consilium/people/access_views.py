"""Pages about access given from outside a study: notices, their answers, and break-glass."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from consilium.pages import attempt, refusals_on, sent
from consilium.people import access_notices, break_glass, confirmations
from consilium.people.access_words import shown_all
from consilium.people.forms import BreakGlassForm
from consilium.people.models import AccessNotice, BreakGlass, Person, Role
from consilium.people.permissions import OPERATOR, check_role, roles_of
from consilium.people.requests import post_only, signed_in

KEPT = 50


def notices(request: HttpRequest) -> HttpResponse:
    """What was done to one's own account, also what was acknowledged before."""
    mine = access_notices.own_notices(signed_in(request))[:KEPT]
    return render(request, "people/access_notices.html", {"notices": shown_all(mine)})


@post_only
def acknowledge_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """I have seen this."""
    person = signed_in(request)
    notice = _notice(person, pk)

    def act() -> str:
        access_notices.acknowledge(notice=notice, by=person)
        return "Noted that you have seen this. It stays on record."

    return _answered(request, notice, act)


@post_only
def confirm_access(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree, as the second person."""
    person = signed_in(request)
    notice = _notice(person, pk)

    def act() -> str:
        confirmations.confirm(notice=notice, by=person)
        return "Confirmed. It takes effect now."

    return _answered(request, notice, act)


@post_only
def decline_access(request: HttpRequest, pk: int) -> HttpResponse:
    """Disagree, as the second person."""
    person = signed_in(request)
    notice = _notice(person, pk)

    def act() -> str:
        confirmations.decline(notice=notice, by=person)
        return "Declined. Nothing changes."

    return _answered(request, notice, act)


def glasses(request: HttpRequest) -> HttpResponse:
    """An operator opens a study for reading; below, who did so before."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    fields, _ = sent(request)
    form = BreakGlassForm(person, fields)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            glass = break_glass.open_study(by=person, **form.cleaned_data)
            return redirect("site:study", study=glass.study.slug)
    earlier = BreakGlass.objects.select_related("study", "person", "ended_by").order_by("-opened_at")[:KEPT]
    context = {"form": form, "glasses": earlier, "minutes": break_glass.MINUTES}
    return render(request, "people/break_glass.html", context, status=422 if form.errors else 200)


@post_only
def end_glass(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a study that an operator reads: the operator, or a lead of the study."""
    person = signed_in(request)
    glass = get_object_or_404(BreakGlass.objects.select_related("study", "person"), pk=pk)
    is_reader = glass.person_id == person.pk and person.is_operator
    if not is_reader and Role.LEAD not in roles_of(person, glass.study):
        raise Http404("Not found.")

    def act() -> str:
        break_glass.end_reading(glass=glass, by=person)
        return f"{glass.study} is closed to {glass.person} again."

    if is_reader:
        return attempt(request, act, "people:break-glass")
    return attempt(request, act, "site:study", study=glass.study.slug)


def _notice(person: Person, pk: int) -> AccessNotice:
    """The notice, for those it is told to and for operators who may have to confirm it; else a 404."""
    found = AccessNotice.objects.select_related("study", "person", "by", "invitation").filter(pk=pk).first()
    if found is None:
        raise Http404("Not found.")
    roles = roles_of(person, found.study)
    is_told = found.person_id == person.pk if found.study is None else Role.LEAD in roles
    if not is_told and not (OPERATOR in roles and found.waits):
        raise Http404("Not found.")
    return found


def _answered(request: HttpRequest, notice: AccessNotice, act: Callable[[], str]) -> HttpResponse:
    """Back to where the notice was shown."""
    person = signed_in(request)
    if notice.study is None:
        return attempt(request, act, "people:access-notices")
    if Role.LEAD in roles_of(person, notice.study):
        return attempt(request, act, "site:study", study=notice.study.slug)
    return attempt(request, act, "people:accounts")
