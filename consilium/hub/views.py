"""Pages of this room: the pushes of a study, and the site's token."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from consilium.hub import registry
from consilium.hub.forms import PUBLIC, PushForm, TokenForm
from consilium.hub.models import Push
from consilium.hub.panel import token_state
from consilium.hub.push import confirm_push, decline_push, start_hub_push
from consilium.hub.registry import Content
from consilium.hub.tokens import last_check, remove_token, set_token, start_check
from consilium.pages import attempt, page_of, refusals_on, sent
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.permissions import OPERATOR, check_role
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.refusals import Refused

SHOWN = 20


@require_GET
@study_view(Role.LEAD)
def pushes(request: HttpRequest, study: Study) -> HttpResponse:
    """All pushes of the study, newest first."""
    related = ("job", "study", "created_by", "confirmed_by", "declined_by")
    rows = Push.objects.filter(study=study).select_related(*related)
    context = {"study": study, "page_obj": page_of(request, rows, SHOWN), **token_state()}
    return render(request, "hub/pushes.html", context)


@post_only
@study_view(Role.LEAD)
@limited("export")
def start(request: HttpRequest, study: Study, kind: str, pk: int) -> HttpResponse:
    """Ask for a push; what came of it is told on the content's page."""
    content = _content(study, kind, pk)
    form = PushForm(request.POST)
    try:
        if not form.is_valid():
            errors = [error for of_field in form.errors.values() for error in of_field]
            raise Refused(" ".join(map(str, errors)))
        chosen = form.cleaned_data
        push = start_hub_push(
            content=content,
            repo_id=chosen["repo_id"],
            by=signed_in(request),
            is_private=chosen["seen_by"] != PUBLIC,
            gated=chosen["gated"],
        )
        waits = "A second lead has to confirm it." if push.waits_for_second else "It is on the queue."
        messages.success(request, f"{push.name} goes to {push.repo_id}. {waits}")
    except Refused as refusal:
        if refusal.passes_through:
            raise
        messages.error(request, str(refusal))
    return redirect(content.page)


@post_only
@study_view(Role.LEAD)
def confirm(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The second lead lets it become public."""
    push = _push(study, pk)

    def act() -> str:
        confirm_push(push=push, by=signed_in(request))
        return f"{push.name} goes to {push.repo_id} and becomes public there."

    return attempt(request, act, "hub:pushes", study=study.slug)


@post_only
@study_view(Role.LEAD)
def decline(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """It does not become public."""
    push = _push(study, pk)

    def act() -> str:
        decline_push(push=push, by=signed_in(request))
        return "The push is declined; nothing was sent."

    return attempt(request, act, "hub:pushes", study=study.slug)


@require_http_methods(["GET", "HEAD", "POST"])
def token(request: HttpRequest) -> HttpResponse:
    """The site's token: its state, and a new one."""
    person = signed_in(request)
    check_role(person, None, OPERATOR)
    form = TokenForm(*sent(request)[:1])
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            set_token(secret=form.cleaned_data["secret"], by=person)
            messages.success(request, "The token is kept. The Hub is asked what it may do.")
            return redirect("hub:token")
    context = {"form": form, "check": last_check(), **token_state()}
    return render(request, "hub/token.html", context, status=422 if form.is_bound else 200)


@post_only
def check(request: HttpRequest) -> HttpResponse:
    """Ask the Hub what the token may do."""

    def act() -> str:
        start_check(by=signed_in(request))
        return "The Hub is asked what the token may do."

    return attempt(request, act, "hub:token")


@post_only
def remove(request: HttpRequest) -> HttpResponse:
    """Forget the token."""

    def act() -> str:
        remove_token(by=signed_in(request))
        return "The token is forgotten here. Revoke it on the Hub as well."

    return attempt(request, act, "hub:token")


def _content(study: Study, kind: str, pk: int) -> Content:
    known = {one.name: one for one in registry.known()}
    content = known[kind].find(pk) if kind in known else None
    if content is None or content.study.pk != study.pk:
        raise Http404("No such content.")
    return content


def _push(study: Study, pk: int) -> Push:
    return get_object_or_404(Push.objects.select_related("study", "created_by"), study=study, pk=pk)
