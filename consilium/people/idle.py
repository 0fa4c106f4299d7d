"""Sessions that end when nothing was done for a while, for computers that people share."""

import time
from typing import Final

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest

ACTIVE_AT: Final = "active_at"
BEGUN_AT: Final = "begun_at"
# A session is not written more often: the limit is in minutes.
LEAST_STEP: Final = 15.0


def note_arrival(request: HttpRequest) -> None:
    """Somebody has just logged in."""
    if settings.IDLE_SECONDS:
        request.session[BEGUN_AT] = request.session[ACTIVE_AT] = time.time()


def touch(request: HttpRequest) -> None:
    """The person did something just now; scripts that ask by themselves never come here."""
    now = time.time()
    request.session.setdefault(BEGUN_AT, now)
    if now - float(request.session.get(ACTIVE_AT, 0.0)) >= LEAST_STEP:
        request.session[ACTIVE_AT] = now


def is_idle(request: HttpRequest) -> bool:
    """Whether the session has been idle too long, or has lasted as long as any session may."""
    now = time.time()
    active_at = float(request.session.get(ACTIVE_AT, now))
    begun_at = float(request.session.get(BEGUN_AT, now))
    return now - active_at > settings.IDLE_SECONDS or now - begun_at > settings.SESSION_COOKIE_AGE


def end(request: HttpRequest) -> None:
    """Log the person out, on record as any logout."""
    get_adapter(request).logout(request)
