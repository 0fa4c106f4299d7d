"""The person behind a request, and the addresses a person can be sent to."""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve
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
