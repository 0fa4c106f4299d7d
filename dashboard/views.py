"""Home pages: where a person lands, the study's front page, its record."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from annotation.progress import refresh_progress
from consilium.audit.models import AuditEvent
from consilium.audit.record import chain_of, request_id
from consilium.pages import page_of
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.permissions import roles_of
from consilium.people.requests import post_only, signed_in
from dashboard.decoder_report import decoder_report
from dashboard.overview import overview

PAGE = 50


def home(request: HttpRequest) -> HttpResponse:
    """Straight into the only study, else a choice; operators also see how uploads are decoded here."""
    person = signed_in(request)
    studies = list(Study.objects.visible_to(person).order_by("name"))
    if len(studies) == 1 and not person.is_operator:
        return redirect("site:study", study=studies[0].slug)
    decoder = decoder_report() if person.is_operator else None
    return render(request, "dashboard/home.html", {"studies": studies, "decoder": decoder})


@study_view()
def study(request: HttpRequest, study: Study) -> HttpResponse:
    """Leads see how the study stands; everybody else goes to their work."""
    person = signed_in(request)
    if Role.LEAD not in roles_of(person, study):
        return redirect("work:queue", study=study.slug)
    return render(request, "dashboard/study.html", {"study": study, **overview(study, person)})


@post_only
@study_view(Role.LEAD)
def count(request: HttpRequest, study: Study) -> HttpResponse:
    """Count the figures of the front page anew and show it again."""
    refresh_progress(study, by=signed_in(request))
    return redirect("site:study", study=study.slug)


@study_view(Role.LEAD)
def record(request: HttpRequest, study: Study) -> HttpResponse:
    """The study's audit events, newest first."""
    events = AuditEvent.objects.filter(chain=chain_of(study)).select_related("actor").order_by("-sequence")
    newest = events.values_list("sequence", flat=True).first()  # a chain is numbered without gaps
    page = page_of(request, events, PAGE, count=newest or 0)
    return render(request, "dashboard/record.html", {"study": study, "page": page})


def server_error(request: HttpRequest) -> HttpResponse:
    """The page of a bug: the reference is the request's id, under which the log has its cause."""
    # Without the request: its context asks the database, which may be what failed.
    return HttpResponse(render_to_string("500.html", {"reference": request_id.get()}), status=500)


@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """Whether the web process answers; says nothing about what is inside."""
    return JsonResponse({"ok": True})
