"""Pages of the queue."""

import re
from collections.abc import Callable
from functools import cache, wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import resolve, reverse
from django.views.decorators.http import require_GET

from consilium.people.access import study_view
from consilium.people.models import Membership, Study
from consilium.people.permissions import Standing, can_take_part
from consilium.people.rate_limits import check_pace
from consilium.people.requests import post_only, signed_in
from consilium.workqueue import kinds
from consilium.workqueue.claim import member_of, next_claim, open_work
from consilium.workqueue.counts import KindCount, count_of, counts_of, today_of
from consilium.workqueue.models import Claim
from consilium.workqueue.places import assets_version, screen_of
from consilium.workqueue.refusals import ClaimOver, NotOpened, OtherWorkOpen

WORK_FORM = re.compile(r"<form\b[^>]*\bdata-work=")
Screen = Callable[[HttpRequest, Claim, Standing], HttpResponse]


def work_screen(view: Screen) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """Decorator for the screens of the apps: the view gets claim and standing instead of the token.

    Somebody else's token is a 404; a claim that is over (410) or not yet open (409) gets a page that says so.
    """

    @require_GET
    @wraps(view)
    def answer(request: HttpRequest, token: UUID) -> HttpResponse:
        try:
            claim, standing = open_work(token, signed_in(request))
        except (ClaimOver, NotOpened) as refused:
            return render(request, "workqueue/over.html", {"reason": str(refused)}, status=refused.status)
        return view(request, claim, standing)

    answer.screen = view  # type: ignore[attr-defined] # for next_screen
    return answer


def can_turn(request: HttpRequest) -> bool:
    """Whether the browser asks for screens, with the scripts and styles of this installation."""
    return request.headers.get("X-Work-Screen", "") == assets_version()


def next_screen(request: HttpRequest, claim: Claim, standing: Standing) -> str:
    """The screen of a claim without the page around it, where the browser asked for it; else empty.

    It names the version of the scripts and styles that it holds: of another version it loads the whole page.
    """
    screen = _screen_view(claim.item.kind, settings.ROOT_URLCONF)
    if not can_turn(request) or screen is None:
        return ""
    request.frame = "base_turn.html"  # type: ignore[attr-defined]
    answer: HttpResponse = screen(request, claim, standing)
    html = answer.content.decode() if answer.status_code == 200 else ""
    return html if WORK_FORM.search(html) else ""  # of another kind, e.g. an unseen vote: a page of its own


@cache
def _screen_view(kind: str, urlconf: str) -> Screen | None:
    """The view behind the screen of a kind of work, which takes what work_screen gives it."""
    address = reverse(kinds.find(kind).screen, urlconf, kwargs={"token": UUID(int=0)})
    found: Screen | None = getattr(resolve(address, urlconf).func, "screen", None)
    return found


@require_GET
@study_view()
def queue(request: HttpRequest, study: Study) -> HttpResponse:
    """What waits for the person, and their own figures of today."""
    person = signed_in(request)
    membership = member_of(study, person)
    counts = counts_of(membership)
    context = {
        "study": study,
        "counts": counts,
        "today": today_of(membership, counts),
        **_may_start(membership, counts),
    }
    return render(request, "workqueue/queue.html", context)


@require_GET
@study_view()
def finished(request: HttpRequest, study: Study, kind: str) -> HttpResponse:
    """Nothing of this kind is left for the person right now."""
    person = signed_in(request)
    _check_kind(kind)
    membership = member_of(study, person)
    counts = counts_of(membership)
    context = {
        "study": study,
        "count": count_of(membership, kind),
        "others": [other for other in counts if other.name != kind and (other.waiting or other.claim)],
        "today": today_of(membership, counts),
        **_may_start(membership, counts),
    }
    return render(request, "workqueue/finished.html", context)


def _may_start(membership: Membership, counts: list[KindCount]) -> dict[str, Any]:
    """What decides whether work can be started: the open piece, and the consent."""
    return {
        "claim": next((count.claim for count in counts if count.claim), None),
        "takes_part": can_take_part(membership.person, membership.study),
    }


@post_only
@study_view()
def take_next(request: HttpRequest, study: Study, kind: str) -> HttpResponse:
    """Claim the next item and show it."""
    person = signed_in(request)
    _check_kind(kind)
    check_pace(person, "call")
    if not can_take_part(person, study):
        return redirect("people:take-part", study=study.slug)
    try:
        claim = next_claim(study=study, person=person, kind=kind)
    except OtherWorkOpen as other:
        context = {"study": study, "claim": other.claim, "reason": str(other), "wanted": kinds.find(kind)}
        return render(request, "workqueue/other_open.html", context, status=other.status)
    if claim is None:
        return redirect("work:finished", study=study.slug, kind=kind)
    return redirect(screen_of(claim))


def _check_kind(kind: str) -> None:
    if kind not in kinds.known():
        raise Http404("No such kind of work.")
