"""Pages of releases and their exports."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from consilium.blobs.blob_store import StoreAway
from consilium.hub.panel import push_panel
from consilium.jobs.states import JobState
from consilium.pages import attempt, page_of
from consilium.people.access import study_view
from consilium.people.models import Role, Study
from consilium.people.rate_limits import limited
from consilium.people.requests import post_only, signed_in
from consilium.signatures.models import Meaning
from consilium.signatures.proofs import proof_of
from consilium.signatures.reentry import asks_to_sign, sitting_in
from curation.layouts.registry import known, layout_label
from curation.models import Export, Release
from curation.releases.export import may_be_downloaded, note_download, start_exports
from curation.releases.export_links import VALID_FOR, open_links
from curation.releases.freeze import rows_of, withdraw_release
from curation.releases.freeze_job import freeze_jobs
from curation.releases.kept_exports import is_kept, zipped
from curation.releases.publish import content_of_release
from curation.releases.sign import release_lines, sign_release
from curation.releases.verify_job import newest_check, start_verify
from curation.releases.withdrawn_images import withdrawn_images
from curation.states import ReleaseState
from curation.text.rule import NOT_IDENTIFYING

ROWS = 20


@require_GET
@study_view(Role.LEAD)
def releases(request: HttpRequest, study: Study) -> HttpResponse:
    """All releases, newest first, and the one that is being made."""
    rows = Release.objects.filter(study=study).select_related("created_by").order_by("-created_at", "-pk")
    context = {"study": study, "page_obj": page_of(request, rows), "jobs": freeze_jobs(study)}
    return render(request, "curation/releases.html", context)


@require_GET
@study_view(Role.LEAD)
def release(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One release: digest, what is left out, rows, exports."""
    return release_page(request, study, pk)


def release_page(request: HttpRequest, study: Study, pk: int, *, link: str = "") -> HttpResponse:
    """The page of a release; `link`: to one of its exports, made just now and shown once."""
    rows = Release.objects.select_related("created_by", "derived_from", "manifest")
    shown = get_object_or_404(rows, study=study, pk=pk)
    signatures, withdrawn = release_lines(shown), withdrawn_images(shown)
    let_through = list(shown.let_through.select_related("asked_by", "confirmed_by", "declined_by"))
    spoken_of = {one.digest for one in let_through if one.declined_at is None}
    context = {
        "study": study,
        "release": shown,
        "signatures": signatures,
        "is_signed": any(
            line.signature.meaning == Meaning.RELEASED and not line.is_void for line in signatures
        ),
        "proof": proof_of(signed_in(request)),
        "signs_as": {"release": Meaning.RELEASED, "withdraw": Meaning.WITHDRAWN},
        "left_out": sorted(shown.left_out.items()),
        "left_total": sum(shown.left_out.values()),
        "files": shown.files.count(),
        "withdrawn": withdrawn,
        "links": open_links(shown).select_related("created_by", "export"),
        "new_link": link,
        "valid_for": list(VALID_FOR),
        "page_obj": page_of(request, rows_of(shown), ROWS),
        "exports": _exports(shown, bool(withdrawn), spoken_of),
        "let_through": let_through,
        "layouts": known(shown.kind),
        "check": newest_check(shown),
        "tables": _tables(shown),
        "hub": push_panel(content_of_release(shown)) if shown.digest else None,
    }
    return render(request, "curation/release.html", context)


@post_only
@study_view(Role.LEAD)
@limited("export")
def check(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Recompute every hash, in the background."""
    shown = _release(study, pk)

    def act() -> str:
        start_verify(release=shown, by=signed_in(request))
        return "Every hash is being checked."

    return attempt(request, act, "curation:release", study=study.slug, pk=pk)


@post_only
@study_view(Role.LEAD)
@asks_to_sign
def sign(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Sign a frozen release with the password."""
    shown = _release(study, pk)
    sitting = sitting_in(request, study, Meaning.RELEASED)

    def act() -> str:
        sign_release(release=shown, by=signed_in(request), sitting=sitting)
        return "The release bears your signature."

    return attempt(request, act, "curation:release", study=study.slug, pk=pk)


@post_only
@study_view(Role.LEAD)
@asks_to_sign
def withdraw(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Withdraw a release, with a reason and the password."""
    shown = _release(study, pk)
    sitting = sitting_in(request, study, Meaning.WITHDRAWN)

    def act() -> str:
        reason = request.POST.get("reason", "")
        withdraw_release(release=shown, reason=reason, by=signed_in(request), sitting=sitting)
        return "The release is withdrawn."

    return attempt(request, act, "curation:release", study=study.slug, pk=pk)


@post_only
@study_view(Role.LEAD)
@limited("export")
def export(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Write the release in the chosen layouts."""
    shown = _release(study, pk)

    def act() -> str:
        made = start_exports(release=shown, layouts=request.POST.getlist("layout"), by=signed_in(request))
        return "The export is being written." if len(made) == 1 else f"{len(made)} exports are being written."

    return attempt(request, act, "curation:release", study=study.slug, pk=pk)


@require_GET
@study_view(Role.LEAD)
def download(request: HttpRequest, study: Study, pk: int) -> StreamingHttpResponse:
    """A finished export as a zip, made while it is sent; who took it is on record."""
    wanted = get_object_or_404(
        Export.objects.select_related("job", "release__study"), release__study=study, pk=pk
    )
    if not may_be_downloaded(wanted):
        raise Http404("This export is not there.")
    note_download(export=wanted, by=signed_in(request))
    return zip_of(wanted)


def zip_of(export: Export) -> StreamingHttpResponse:
    """The answer that is the export as a zip."""
    response = StreamingHttpResponse(zipped(export), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{export.folder}.zip"'
    return response


def _exports(release: Release, is_withdrawn: bool, spoken_of: Collection[str]) -> list[dict[str, Any]]:
    """The newest exports; `spoken_of`: digests of what leads let through or were asked to."""
    return [
        {
            "export": export,
            "layout": layout_label(export.layout),
            "size": (export.job.result or {}).get("bytes"),
            "is_there": not is_withdrawn and _is_offered(export),
            "may_be_asked": release.state == ReleaseState.FROZEN
            and export.refused_kind in NOT_IDENTIFYING
            and export.refused_digest not in spoken_of,
        }
        for export in release.exports.select_related("job", "created_by", "release")[:10]
    ]


def _tables(release: Release) -> list[tuple[str, int]]:
    """What stands behind the rows, and how many rows of it."""
    if release.lines_id is None or release.manifest_id is None:
        return []
    found = release.side_rows.order_by("table").values_list("table").annotate(rows=Count("pk"))
    return list(found)


def _is_offered(export: Export) -> bool:
    """As `may_be_downloaded`, images apart; the release's page does not wait for a store that is away."""
    stands = export.release.state == ReleaseState.FROZEN and export.job.state == JobState.SUCCEEDED
    try:
        return stands and is_kept(export)
    except StoreAway:
        return False


def _release(study: Study, pk: int) -> Release:
    return get_object_or_404(Release.objects.select_related("study"), study=study, pk=pk)
