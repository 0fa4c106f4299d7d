"""Links to exports: leads make them and take them back; whoever has one gets the zip."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from consilium.pages import attempt
from consilium.people import attempts
from consilium.people.access import study_view
from consilium.people.accounts import AccountAdapter
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from curation.models import Export, ExportLink
from curation.releases.export_links import LinkUnusable, make_export_link, revoke_export_link, take_by_link
from curation.views.releases import release_page, zip_of


@post_only
@study_view(Role.LEAD)
@limited("export")
def make_link(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Make a link for a chosen time; it is shown once, on the page of the release."""
    exports = Export.objects.select_related("release__study", "job")
    export = get_object_or_404(exports, release__study=study, pk=pk)
    made: list[str] = []

    def act() -> str:
        valid_for = request.POST.get("valid_for", "")
        _, token = make_export_link(export=export, valid_for=valid_for, by=signed_in(request))
        made.append(request.build_absolute_uri(reverse("curation:take-export", args=[token])))
        return "The link is made."

    answer = attempt(request, act, "curation:release", study=study.slug, pk=export.release_id)
    return release_page(request, study, export.release_id, link=made[0]) if made else answer


@post_only
@study_view(Role.LEAD)
def revoke_link(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Take a link back."""
    links = ExportLink.objects.select_related("export__release__study")
    link = get_object_or_404(links, export__release__study=study, pk=pk)

    def act() -> str:
        revoke_export_link(link=link, by=signed_in(request))
        return "The link no longer works."

    return attempt(request, act, "curation:release", study=study.slug, pk=link.export.release_id)


@login_not_required
@require_GET
def take(request: HttpRequest, token: str) -> StreamingHttpResponse:
    """The zip behind a link, for whoever has it; wrong links from one address are slowed down."""
    try:
        export = take_by_link(token)
    except LinkUnusable:
        attempts.take_link(AccountAdapter().get_client_ip(request))
        raise Http404("This link leads nowhere.") from None
    answer = zip_of(export)
    answer["Cache-Control"] = "private, no-store"
    return answer
