"""The leads' page of the exchange with Label Studio: what is where, who is who, push and pull."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from annotation.forms import LabelStudioForm
from annotation.label_studio.connection import connect_server, forget_token
from annotation.label_studio.exchanged import EXCHANGED
from annotation.label_studio.models import LabelStudioConnection, LabelStudioUser, TaskKind
from annotation.label_studio.overview import Overview, overview_of
from annotation.label_studio.people import members_to_name, name_user
from annotation.label_studio.pull import start_pull
from annotation.label_studio.push import start_push
from annotation.label_studio.task_files import TaskFile
from consilium.pages import attempt, one_of, refusals_on
from consilium.people.access import study_view
from consilium.people.models import Person, Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.refusals import Refused

PAGE = "annotation:label-studio"
MOST_USERS = 200


@require_safe
@study_view(Role.LEAD)
def label_studio(request: HttpRequest, study: Study) -> HttpResponse:
    """What lies there, what was taken, what was refused and why."""
    return _page(request, study, LabelStudioForm())


@post_only
@study_view(Role.LEAD)
def connect(request: HttpRequest, study: Study) -> HttpResponse:
    """Keep the server's address and a token."""
    person = signed_in(request)
    form = LabelStudioForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            connect_server(study=study, by=person, **form.cleaned_data)
            messages.success(request, "The server is kept. Push to see whether it lets us in.")
            return redirect(PAGE, study=study.slug)
    return _page(request, study, form, status=422)


@post_only
@study_view(Role.LEAD)
def forget(request: HttpRequest, study: Study) -> HttpResponse:
    """Forget the token."""
    person = signed_in(request)

    def act() -> str:
        forget_token(study=study, by=person)
        return "The token is forgotten here. Revoke it on the server too."

    return attempt(request, act, PAGE, study=study.slug)


@post_only
@study_view(Role.LEAD)
@limited("launch")
def push(request: HttpRequest, study: Study) -> HttpResponse:
    """Send what is open and not there yet."""
    person = signed_in(request)

    def act() -> str:
        start_push(study=study, kind=request.POST.get("kind", ""), by=person)
        return "The tasks are being sent."

    return attempt(request, act, PAGE, study=study.slug)


@post_only
@study_view(Role.LEAD)
@limited("launch")
def pull(request: HttpRequest, study: Study) -> HttpResponse:
    """Take what was annotated."""
    person = signed_in(request)

    def act() -> str:
        start_pull(study=study, by=person)
        return "The annotations are being taken."

    return attempt(request, act, PAGE, study=study.slug)


@post_only
@study_view(Role.LEAD)
def name(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Say which member somebody there is."""
    by = signed_in(request)
    user = get_object_or_404(LabelStudioUser.objects.select_related("study"), study=study, pk=pk)
    chosen = request.POST.get("person", "")

    def act() -> str:
        person = next((each for each in members_to_name(study) if str(each.pk) == chosen), None)
        if chosen and person is None:
            raise Refused("Choose an annotator or adjudicator of this study.")
        name_user(user=user, person=person, by=by)
        return f"{user} is {person}; pull to take what waited." if person else f"{user} is nobody here now."

    return attempt(request, act, PAGE, study=study.slug)


@post_only
@study_view(Role.LEAD)
@limited("launch")
def tasks_file(request: HttpRequest, study: Study) -> HttpResponseBase:
    """A file of tasks for people who import it there themselves."""
    kind = one_of_kinds(request.POST.get("kind", ""))
    try:
        content = TaskFile(study=study, kind=kind, by=signed_in(request))
    except Refused as refusal:
        if refusal.passes_through:
            raise
        messages.error(request, str(refusal))
        return redirect(PAGE, study=study.slug)
    answer = StreamingHttpResponse(iter(content), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{study.slug}-{kind}-tasks.json"'
    return answer


@require_safe
@study_view(Role.LEAD)
def config_file(request: HttpRequest, study: Study) -> HttpResponse:
    """The labelling configuration that goes with a file of tasks."""
    kind = one_of_kinds(one_of(request, "kind", TaskKind.values))
    answer = HttpResponse(EXCHANGED[kind].config(), content_type="application/xml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{study.slug}-{kind}-labels.xml"'
    return answer


def one_of_kinds(given: str) -> str:
    """A kind that is exchanged; comparisons where none of them is named."""
    return given if given in EXCHANGED else TaskKind.COMPARE.value


def _page(request: HttpRequest, study: Study, form: LabelStudioForm, *, status: int = 200) -> HttpResponse:
    kept = LabelStudioConnection.objects.filter(study=study).select_related("set_by").first()
    overview = overview_of(study, kept)
    members = members_to_name(study)
    context = {
        "study": study,
        "connection": kept,
        "form": form,
        "overview": overview,
        "users": [_shown(user, members, overview) for user in _users(study)],
    }
    return render(request, "annotation/label_studio.html", context, status=status)


def _users(study: Study) -> list[LabelStudioUser]:
    users = LabelStudioUser.objects.filter(study=study).select_related("person")
    counted = users.annotate(taken_count=Count("taken__submission__item", distinct=True))
    return list(counted.order_by("server", "number")[:MOST_USERS])


def _shown(user: Any, members: list[Person], overview: Overview) -> dict[str, Any]:
    return {
        "user": user,
        "taken": user.taken_count,
        "waiting": overview.waiting_people.get(str(user), 0),
        "members": members,
        "is_fixed": user.taken_count > 0,
    }
