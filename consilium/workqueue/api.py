"""The calls of the browser module: JSON in, JSON out; every refusal says what is wrong and what to do."""

import json
import uuid
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, NoReturn

import structlog
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.views.decorators.http import require_GET

from consilium.people.permissions import Standing
from consilium.people.rate_limits import check_pace
from consilium.people.requests import post_only, signed_in
from consilium.refusals import Refused
from consilium.signatures.reentry import sitting_in
from consilium.workqueue import drafts, hold
from consilium.workqueue.ahead import claim_ahead
from consilium.workqueue.claim import owned_work
from consilium.workqueue.kinds import InvalidContent
from consilium.workqueue.models import Claim, Submission
from consilium.workqueue.places import next_place, place_after_postponing, screen_of
from consilium.workqueue.states import ClaimState
from consilium.workqueue.submit import submit_and_go_on
from consilium.workqueue.views import can_turn, next_screen

log = structlog.get_logger(__name__)

Call = Callable[[HttpRequest, uuid.UUID], dict[str, Any]]
SURPLUS = (
    "Your time on this one had run out and somebody else has taken the slot. Your work is stored as surplus: "
    "it is paid and used in agreement, but not counted in the majority."
)
PUT_OFF = "Put off. It comes back at the end of your queue."
SLOT_LOST = "Your time on this one has run out. You can still submit; it counts if a slot is free."


def call(view: Call) -> Callable[..., JsonResponse]:
    """A POST view that answers JSON and turns the named errors into their status."""

    pace = "submit" if view.__name__ == "submit" else "call"

    @post_only
    @wraps(view)
    def answer(request: HttpRequest, token: uuid.UUID) -> JsonResponse:
        try:
            check_pace(signed_in(request), pace)
            return JsonResponse(view(request, token))
        except InvalidContent as problem:
            return _refusal("Some answers are missing or wrong.", 422, fields=problem.errors)
        except Refused as problem:
            return _refusal(str(problem), problem.status, **problem.extra)
        except Http404:
            return _refusal("No such work.", 404)
        except OperationalError:
            text = "The database is busy. Your text is kept; it is sent again by itself."
            return _refusal(text, 503, retry_after=5)

    return answer


def _refusal(message: str, status: int, **more: Any) -> JsonResponse:
    answer = JsonResponse({"error": message, "fields": {}, **more}, status=status)
    if "retry_after" in more:
        answer.headers["Retry-After"] = str(more["retry_after"])
    return answer


@require_GET
def session(request: HttpRequest) -> JsonResponse:
    """Who is logged in, and a fresh CSRF token: asked after a session ended."""
    return JsonResponse({"person": str(signed_in(request).pk), "csrf": get_token(request)})


@call
def draft(request: HttpRequest, token: uuid.UUID) -> dict[str, Any]:
    """Store unfinished work."""
    body = read_body(request, content=dict, draft_version=int, base_version=int)
    stored = drafts.save_draft(token=token, person=signed_in(request), **body)
    return {"draft_version": stored.version, "saved_at": stored.updated_at.isoformat()}


@call
def heartbeat(request: HttpRequest, token: uuid.UUID) -> dict[str, Any]:
    """The person is still there."""
    body = read_body(request, active_seconds=int)
    claim = hold.heartbeat(token=token, person=signed_in(request), **body)
    notice = SLOT_LOST if claim.state == ClaimState.EXPIRED else ""
    return {"state": claim.state, "active_seconds": claim.active_seconds, "notice": notice}


@call
def postpone(request: HttpRequest, token: uuid.UUID) -> dict[str, Any]:
    """Put the item off and go on."""
    read_body(request)
    claim = hold.postpone(token=token, person=signed_in(request))
    return {"next": place_after_postponing(claim)}


@call
def finish(request: HttpRequest, token: uuid.UUID) -> dict[str, Any]:
    """Put the item off and stop: nothing else is claimed, and nothing stays kept ready."""
    read_body(request)
    claim = hold.postpone(token=token, person=signed_in(request))
    hold.release_ready(claim)
    messages.success(request, PUT_OFF)
    return {"next": reverse("work:queue", kwargs={"study": claim.study.slug})}


@call
def skip(request: HttpRequest, token: uuid.UUID) -> dict[str, Any]:
    """Refuse the item and go on."""
    body = read_body(request, reason=str)
    claim = hold.skip(token=token, person=signed_in(request), **body)
    return {"next": next_place(claim.study, claim.person, claim.item.kind)}


@call
def submit(request: HttpRequest, token: uuid.UUID) -> dict[str, Any]:
    """Store finished work and say where the next piece is."""
    body = read_body(request, content=dict, key=uuid.UUID, active_seconds=int, base_version=int)
    person = signed_in(request)
    done = submit_and_go_on(
        claim_token=token,
        person=person,
        idempotency_key=body.pop("key"),
        sitting_for=partial(sitting_in, request),
        **body,
    )
    submission, claim = done.submission, done.next_claim
    is_there = claim is not None and str(claim.token) in request.headers.get("X-Work-Ahead", "").split()
    screen = _screen(request, claim, done.standing) if claim and not is_there else ""
    if submission.is_surplus and not screen and not is_there:
        messages.warning(request, SURPLUS)
    place = screen_of(claim) if claim else next_place(submission.study, person, submission.kind)
    return _stored(submission) | {"next": place, "screen": screen}


@call
def ahead(request: HttpRequest, token: uuid.UUID) -> dict[str, Any]:
    """Keep the piece after this one ready and give its address and screen; empty where there is none."""
    read_body(request)
    claim, standing = owned_work(token, signed_in(request))
    following = claim_ahead(claim, standing) if can_turn(request) else None
    screen = _screen(request, following, standing) if following else ""
    return {"next": screen_of(following) if following and screen else "", "screen": screen}


def _screen(request: HttpRequest, claim: Claim, standing: Standing) -> str:
    """The next screen; whatever is wrong with it must not look like a lost answer: its own page will tell."""
    try:
        return next_screen(request, claim, standing)
    except Exception as problem:
        log.warning("work.no_screen", kind=claim.item.kind, cause=type(problem).__name__)
        return ""


def _stored(submission: Submission) -> dict[str, Any]:
    return {
        "version": submission.version,
        "sha256": submission.content_sha256,
        "surplus": submission.is_surplus,
        "notice": SURPLUS if submission.is_surplus else "",
    }


LARGEST_BODY = 256 * 1024
DEEPEST = 12
LARGEST_NUMBER = 2**31 - 1


class BadBody(Refused):
    """A request body that cannot be used; the text says why. `status` is 400 or 413."""

    def __init__(self, message: str, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


def read_body(request: HttpRequest, **fields: type) -> dict[str, Any]:
    """The JSON object of the request with exactly `fields`; numbers are whole and not negative.

    A type of uuid.UUID parses its text. Raises BadBody.
    """
    body = _parsed(_raw(request))
    if unknown := sorted(set(body) - set(fields)):
        raise BadBody(f"Unknown field: {', '.join(unknown)[:100]}.")
    if missing := sorted(set(fields) - set(body)):
        raise BadBody(f"Missing field: {', '.join(missing)}.")
    return {name: _typed(name, body[name], wanted) for name, wanted in fields.items()}


def _raw(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise BadBody("Send JSON (Content-Type: application/json).")
    try:
        raw = request.body
    except RequestDataTooBig:
        raw = b" " * (LARGEST_BODY + 1)
    if len(raw) > LARGEST_BODY:
        raise BadBody(f"This is too long: at most {LARGEST_BODY // 1024} KiB can be stored.", status=413)
    return raw


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadBody("This is not valid JSON.") from None
    if not isinstance(body, dict):
        raise BadBody("Send a JSON object.")
    _check_storable(body, DEEPEST)
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_storable(value: Any, deeper: int) -> None:
    """Refuse what a JSON column of some database cannot hold: NUL, lone surrogates, endless nesting."""
    if deeper == 0:
        raise BadBody("This is nested too deeply.")
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise BadBody("The text holds a character that cannot be stored.")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_storable(name, deeper)
            _check_storable(inner, deeper - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_storable(inner, deeper - 1)


def _typed(name: str, value: Any, wanted: type) -> Any:
    if wanted is uuid.UUID and isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            raise BadBody(f"{name} must be a UUID.") from None
    if wanted is int:
        if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
            raise BadBody(f"{name} must be a whole number from 0 on.")
        return value
    if not isinstance(value, wanted):
        raise BadBody(f"{name} must be a {'text' if wanted is str else 'JSON object'}.")
    return value
