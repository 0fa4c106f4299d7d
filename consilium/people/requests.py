"""The person behind a request, and the addresses a person can be sent to."""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from consilium.people.models import Person

View = TypeVar("View", bound=Callable[..., Any])
POST_ONLY = "is_post_only"
TAKES_FILES = "takes_files"
ENTRANCE = "check_entrance"


def signed_in(request: HttpRequest) -> Person:
    """The logged-in person; the login middleware has already turned everybody else away."""
    return cast("Person", request.user)


def post_only(view: View) -> View:
    """Decorator of a view that takes only what a button sends; anything else is a 405."""
    guarded = require_POST(view)
    setattr(guarded, POST_ONLY, True)
    return guarded


def with_files(view: View) -> View:
    """Decorator of a study's view whose form has files; all others refuse them before they are read."""
    setattr(view, TAKES_FILES, True)
    return view


def takes_files(view: Callable[..., Any]) -> bool:
    """Whether a view is marked so."""
    return getattr(view, TAKES_FILES, False) is True


def can_be_opened(address: str) -> bool:
    """Whether a path of this site, with or without a query, is one that a person can open as a page."""
    try:
        view = resolve(unquote(urlsplit(address).path)).func
    except Resolver404:
        return False
    return not getattr(view, POST_ONLY, False)


def own_page(request: HttpRequest, url: str) -> str:
    """The path and query of a page of this site; the home page where `url` names none."""
    home = resolve_url("site:home")
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return home
    path = urlunsplit(urlsplit(url)._replace(scheme="", netloc="", fragment=""))
    # A path of two slashes would be taken for another host once the own host is cut off.
    return path if url_has_allowed_host_and_scheme(path, None) and can_be_opened(path) else home
