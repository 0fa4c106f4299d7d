"""Pages on which two leads let through what the export gate refused."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from consilium.pages import attempt
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.requests import post_only, signed_in
from curation.models import Export, LetThrough
from curation.releases.let_through import ask_to_let_through, confirm_let_through, decline_let_through


@post_only
@study_view(Role.LEAD)
def ask(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Ask that what the gate refused in this export may leave."""
    exports = Export.objects.select_related("release__study", "job")
    export = get_object_or_404(exports, release__study=study, pk=pk)

    def act() -> str:
        ask_to_let_through(export=export, reason=request.POST.get("reason", ""), by=signed_in(request))
        return "Another lead of this study has to agree."

    return attempt(request, act, "curation:release", study=study.slug, pk=export.release_id)


@post_only
@study_view(Role.LEAD)
def confirm(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Agree as the second lead."""
    asked = _asked(study, pk)

    def act() -> str:
        confirm_let_through(asked=asked, reason=request.POST.get("reason", ""), by=signed_in(request))
        return "It may leave now, in this release. Export it again."

    return attempt(request, act, "curation:release", study=study.slug, pk=asked.release_id)


@post_only
@study_view(Role.LEAD)
def decline(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Take it back or decline it."""
    asked = _asked(study, pk)

    def act() -> str:
        decline_let_through(asked=asked, by=signed_in(request))
        return "It stays in."

    return attempt(request, act, "curation:release", study=study.slug, pk=asked.release_id)


def _asked(study: Study, pk: int) -> LetThrough:
    rows = LetThrough.objects.select_related("release__study")
    return get_object_or_404(rows, release__study=study, pk=pk)
