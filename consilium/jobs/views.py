"""The progress fragment of a job and the button that stops it."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from consilium.jobs.cancel import cancel as cancel_job
from consilium.jobs.models import Job
from consilium.jobs.permissions import check_see
from consilium.people.access import glass_roles
from consilium.people.requests import post_only, signed_in


@require_safe
def progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The fragment that jobs/progress.html polls; once the job is over it has the whole page reload."""
    job = _visible(request, pk)
    response = render(request, "jobs/progress.html", {"job": job, "next": _page(request)})
    if job.is_over:
        response["HX-Refresh"] = "true"
    return response


@post_only
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop a job and go back to the page it was shown on."""
    job = _visible(request, pk)
    cancel_job(job=job, by=signed_in(request))
    return redirect(_safe(request, request.POST.get("next", "")))


def _visible(request: HttpRequest, pk: UUID) -> Job:
    job = get_object_or_404(Job.objects.select_related("study"), pk=pk)
    try:
        check_see(signed_in(request), job)
    except Http404:
        if job.study is None or not glass_roles(request, job.study):
            raise
    return job


def _page(request: HttpRequest) -> str:
    """The page that polls: its address comes with htmx, not with the fragment's own path."""
    shown = getattr(request, "htmx", None)
    return _safe(request, (shown.current_url_abs_path or "") if shown else "")


def _safe(request: HttpRequest, url: str) -> str:
    hosts = {request.get_host()}
    return (
        url if url and url_has_allowed_host_and_scheme(url, hosts, require_https=request.is_secure()) else "/"
    )
