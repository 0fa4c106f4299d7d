"""The idle time-out of shared computers: its middleware, and what the pages' script asks for."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import MiddlewareNotUsed
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from consilium.people import idle
from consilium.people.requests import post_only
from consilium.signatures.reentry import stand_up


class IdleMiddleware:
    """Not there at all where no time-out is set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.IDLE_SECONDS:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django calls this for each request."""
        if request.user.is_authenticated:
            if idle.is_idle(request):
                _end(request)
            elif _opens_page(request):
                idle.touch(request)
        return self.get_response(request)


def idle_watch(request: HttpRequest) -> dict[str, Any]:
    """For the frame of every page: after how many seconds its script ends the session."""
    return {"idle_seconds": settings.IDLE_SECONDS}


@post_only
def stay(request: HttpRequest) -> JsonResponse:
    """Somebody moved a hand at the computer."""
    if not settings.IDLE_SECONDS:
        raise Http404("There is no time-out here.")
    if _is_asked_by_its_person(request):
        idle.touch(request)
    return JsonResponse({"seconds": settings.IDLE_SECONDS})


@post_only
def leave(request: HttpRequest) -> JsonResponse:
    """Nobody did, and the page says so."""
    if not settings.IDLE_SECONDS:
        raise Http404("There is no time-out here.")
    if _is_asked_by_its_person(request):
        _end(request)
    return JsonResponse({})


def _is_asked_by_its_person(request: HttpRequest) -> bool:
    """A page that stayed open says nothing about somebody else who has logged in since."""
    return request.POST.get("person") == str(request.user.pk)


def _end(request: HttpRequest) -> None:
    stand_up(request)
    idle.end(request)
    messages.info(
        request,
        "You were logged out because nothing happened here for a while. What you wrote is kept for you.",
    )


def _opens_page(request: HttpRequest) -> bool:
    """Whether a person opened a page or sent a form: scripts and pictures ask for other things than pages."""
    return "text/html" in request.headers.get("Accept", "") and "HX-Request" not in request.headers
