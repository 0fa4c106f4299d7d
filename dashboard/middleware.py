"""Every request: an id for its audit events, a login unless the view says otherwise, private responses."""

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequired
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails
from structlog.contextvars import bound_contextvars

from consilium.audit.record import request_id
from consilium.people.denials import note_refusal
from consilium.people.permissions import NotAllowed
from consilium.people.requests import can_be_opened, own_page, signed_in
from consilium.refusals import Refused, TooSoon

Respond = Callable[[HttpRequest], HttpResponse]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestContextMiddleware:
    """Names the request so that all audit events it causes carry the same id."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django calls this for each request."""
        name = str(uuid.uuid4())
        token = request_id.set(name)
        try:
            with bound_contextvars(request=name):
                return self.get_response(request)
        finally:
            request_id.reset(token)


class LoginRequiredMiddleware(DjangoLoginRequired):
    """Default deny: a view is public only where `login_not_required` marks it, or is allauth's entrance."""

    PUBLIC = frozenset({"account_login", "account_logout", "mfa_authenticate"})

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: Any,
        view_kwargs: Any,
    ) -> HttpResponseBase | None:
        """Let the public views pass; Django's own check does the rest. A fragment moves its whole page."""
        match = request.resolver_match
        if match is not None and match.view_name in self.PUBLIC:
            return None
        login = super().process_view(request, view_func, view_args, view_kwargs)
        if login is not None and HtmxDetails(request):
            return HttpResponseClientRedirect(login.headers["Location"])
        return login

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseRedirect:
        """Lead to the login page, and from there to the page the person was on.

        What a button or a fragment asked for is no page: after the login the person stands where it stood.
        """
        htmx = HtmxDetails(request)
        if not htmx and request.method in SAFE:
            return super().handle_no_permission(request, view_func)
        page = htmx.current_url if htmx else request.headers.get("Referer")
        return redirect_to_login(own_page(request, page or ""), resolve_url(self.get_login_url(view_func)))


class RefusalMiddleware:
    """Answers a refusal that no view caught, and puts on record what somebody asked for and may not do."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django calls this for each request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this when a view raises; 403 and 404 keep their own pages."""
        if isinstance(exception, NotAllowed):
            self._note(request)
        if not isinstance(exception, Refused) or isinstance(exception, PermissionDenied | Http404):
            return None
        context: dict[str, Any] = {"reason": str(exception), "status": exception.status}
        page = "refused.html"
        if isinstance(exception, TooSoon):
            page = "429.html"
            context["back"] = _page_again(request)
        answer = render(request, page, context, status=exception.status)
        if "retry_after" in exception.extra:
            answer.headers["Retry-After"] = str(exception.extra["retry_after"])
        return answer

    def _note(self, request: HttpRequest) -> None:
        match = request.resolver_match
        if match is not None and request.user.is_authenticated:
            note_refusal(
                by=signed_in(request), study=str(match.kwargs.get("study", "")), view=match.view_name
            )


def _page_again(request: HttpRequest) -> str:
    """The page that was too soon; empty where the request is no page of its own."""
    if not can_be_opened(request.path):
        return ""
    # Where a login was to lead stands in its form; the login checks it again.
    wanted = request.POST.get("next")
    return f"{request.path}?{urlencode({'next': wanted})}" if wanted else request.get_full_path()


class PrivateResponseMiddleware:
    """What a logged-in person gets stays out of every shared cache and off the disk."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django calls this for each request."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
