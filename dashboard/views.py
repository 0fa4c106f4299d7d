"""Home pages: where a person lands, the study's front page, its record."""

import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from annotation.progress import refresh_progress
from consilium.audit.models import AnchoredEnd, AuditEvent
from consilium.audit.record import chain_of, request_id
from consilium.blobs.scrub import damages
from consilium.database_away import RETRY_SECONDS, is_away
from consilium.jobs.notify import broker_answers
from consilium.pages import page_of
from consilium.people.access import held_roles, study_view
from consilium.people.models import Role, Study
from consilium.people.permissions import OPERATOR, check_role
from consilium.people.requests import post_only, signed_in
from dashboard import readiness
from dashboard.overview import overview
from dashboard.record import shown_events
from dashboard.site_state import ILL, doctor_findings, site_parts

PAGE = 50


def home(request: HttpRequest) -> HttpResponse:
    """Straight into the only study, else a choice; operators also see what is not well with the site."""
    person = signed_in(request)
    studies = list(Study.objects.visible_to(person).order_by("name"))
    if len(studies) == 1 and not person.is_operator:
        return redirect("site:study", study=studies[0].slug)
    context: dict[str, object] = {"studies": studies}
    if person.is_operator:
        context |= {"ill": [part for part in site_parts() if part.tone == ILL]}
    return render(request, "dashboard/home.html", context)


def site(request: HttpRequest) -> HttpResponse:
    """How the site itself stands, for operators: what is watched, and what the doctor finds here."""
    check_role(signed_in(request), None, OPERATOR)
    context = {"parts": site_parts(), "damages": damages(), "findings": list(doctor_findings())}
    return render(request, "dashboard/site.html", context)


@study_view(by_glass=True)
def study(request: HttpRequest, study: Study) -> HttpResponse:
    """Leads see how the study stands; everybody else goes to their work."""
    if Role.LEAD not in held_roles(request):
        return redirect("work:queue", study=study.slug)
    return render(request, "dashboard/study.html", {"study": study, **overview(study, signed_in(request))})


@post_only
@study_view(Role.LEAD)
def count(request: HttpRequest, study: Study) -> HttpResponse:
    """Count the figures of the front page anew and show it again."""
    refresh_progress(study, by=signed_in(request))
    return redirect("site:study", study=study.slug)


@study_view(Role.LEAD)
def record(request: HttpRequest, study: Study) -> HttpResponse:
    """The study's audit events, newest first; who judged a case is shown as a pseudonym."""
    events = AuditEvent.objects.filter(chain=chain_of(study)).select_related("actor").order_by("-sequence")
    newest = events.values_list("sequence", flat=True).first()  # a chain is numbered without gaps
    page = page_of(request, events, PAGE, count=newest or 0)
    context = {
        "study": study,
        "page": page,
        "entries": shown_events(study, page.object_list),
        "anchored": AnchoredEnd.objects.filter(chain=chain_of(study)).first(),
        "has_second": settings.SECOND_ANCHORS is not None,
    }
    return render(request, "dashboard/record.html", context)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page of a bug: the reference is the request's id, under which the log has its cause.

    A database that is away is no bug: 503, and when to ask again.
    """
    if is_away(sys.exc_info()[1]):  # Django calls this while it handles the error
        return _away(request)
    # Without the request: its context asks the database, which may be what failed.
    return HttpResponse(render_to_string("500.html", {"reference": request_id.get()}), status=500)


def _away(request: HttpRequest) -> HttpResponse:
    if request.content_type == "application/json" or not request.accepts("text/html"):
        text = "The database is away for a moment. Your text is kept; it is sent again by itself."
        answer: HttpResponse = JsonResponse({"error": text, "fields": {}}, status=503)
    else:
        answer = HttpResponse(render_to_string("503.html"), status=503)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """Whether this process can serve: 200 or 503. Operators are told what is missing, strangers are not."""
    problems = readiness.problems()
    told: dict[str, Any] = {"ready": not problems}
    if _is_operator(request):
        told |= {"problems": problems, "broker": broker_answers()}
        if settings.OBJECT_STORE is not None:
            told["store"] = readiness.store_answers()
    answer = JsonResponse(told, status=503 if problems else 200)
    if problems:
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _is_operator(request: HttpRequest) -> bool:
    try:
        return bool(getattr(request.user, "is_operator", False))
    except (DatabaseError, InterfaceError):
        return False


@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """Whether the web process answers; says nothing about what is inside."""
    return JsonResponse({"ok": True})
