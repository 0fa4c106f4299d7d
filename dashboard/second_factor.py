"""Leads and operators without the second factor that is demanded of them are led to setting one up.

Until then they can do nothing as leads or operators: pages of their own account stay open, and so does the
work of annotators and adjudicators in other studies. What they had begun to write can still be sent.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import (
    did_recently_reauthenticate,
    get_authentication_records,
    get_reauthentication_flows,
)
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from consilium.people.models import Person
from consilium.people.requests import own_page
from consilium.people.second_factor import has_factor, is_demanded, is_demanded_anywhere
from consilium.single_sign_on.identities import came_strong

# One's own account, the way out, and calls of a work screen that is open.
ALWAYS_OPEN: Final = ("account_", "mfa_", "sign-on:", "work:")
OPEN: Final = frozenset(
    {
        "people:second-factor",
        "people:access-notices",
        "people:acknowledge",
        "people:join",
        "site:health",
        "site:ready",
        "site:metrics",
    }
)
PROTECTION: Final = frozenset(
    {
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_generate_recovery_codes",
        "mfa_view_recovery_codes",
        "mfa_download_recovery_codes",
    }
)


KEPT: Final = "Leads and operators of this site must have a second factor: it stays on."


class SecondFactorMiddleware:
    """Not there at all where nothing is demanded and everybody has a password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.SECOND_FACTOR and settings.SIGN_ON is None:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django calls this for each request."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Lead elsewhere, or let the view answer."""
        person, match = request.user, request.resolver_match
        if not isinstance(person, Person) or match is None:
            return None
        name = match.view_name
        if name in PROTECTION and _must_confirm(request, person):
            return _led(request, "account_reauthenticate")
        if not settings.SECOND_FACTOR:
            return None
        if name == "mfa_deactivate_totp" and is_demanded_anywhere(person):
            return render(request, "refused.html", {"reason": KEPT, "status": 403}, status=403)
        if name in OPEN or name.startswith(ALWAYS_OPEN):
            return None
        if has_factor(request, person) or came_strong(request):
            return None
        if is_demanded(person, str(view_kwargs.get("study", ""))):
            return _led(request, "people:second-factor")
        return None


def _must_confirm(request: HttpRequest, person: Person) -> bool:
    """Whether who has no password and no app yet has to log in at the provider once more.

    allauth takes people who have nothing to show again for people who have shown it.
    """
    if get_reauthentication_flows(person):
        return False
    records = get_authentication_records(request, person)
    is_confirmed = any(record.get("reauthenticated") for record in records)
    return not (is_confirmed and did_recently_reauthenticate(request))


def _led(request: HttpRequest, view: str) -> HttpResponse:
    is_page = request.method in ("GET", "HEAD") and not HtmxDetails(request)
    wanted = request.get_full_path() if is_page else own_page(request, request.headers.get("Referer", ""))
    address = f"{reverse(view)}?{urlencode({'next': wanted})}"
    return HttpResponseClientRedirect(address) if HtmxDetails(request) else redirect(address)
