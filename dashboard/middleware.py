"""Every request: an id for its audit events, a login unless the view says otherwise, private responses."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequired
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from structlog.contextvars import bound_contextvars

from consilium.audit.record import request_id
from consilium.people.denials import note_refusal
from consilium.people.permissions import NotAllowed
from consilium.people.requests import signed_in
from consilium.refusals import Refused

Respond = Callable[[HttpRequest], HttpResponse]


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
        """Let the public views pass; Django's own check does the rest."""
        match = request.resolver_match
        if match is not None and match.view_name in self.PUBLIC:
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)


class RefusalMiddleware:
    """Answers a refusal that no view caught, and puts a change that somebody may not make on record.

    Reading leaves no record.
    """

    SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

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
        context = {"reason": str(exception), "status": exception.status}
        return render(request, "refused.html", context, status=exception.status)

    def _note(self, request: HttpRequest) -> None:
        match = request.resolver_match
        if match is not None and request.method not in self.SAFE and request.user.is_authenticated:
            note_refusal(
                by=signed_in(request), study=str(match.kwargs.get("study", "")), view=match.view_name
            )


class PrivateResponseMiddleware:
    """What a logged-in person gets stays out of every shared cache and off the disk."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django calls this for each request."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
