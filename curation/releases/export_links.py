"""Links that give an export to whoever has them, for a chosen time, without an account of the site.

The secret stands in the link's path, as in those of invitations, and in the store only as a hash. Every use
is looked at like a download of the lead who made the link, and is on record.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from consilium.audit.record import record
from consilium.people.models import Person
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.models import Export, ExportLink, Release
from curation.releases.export import check_may_leave, may_be_downloaded

VALID_FOR: Final[Mapping[str, timedelta]] = {
    "1 hour": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
}
MOST_USES: Final = 20
MOST_OPEN: Final = 5


class LinkRefused(Refused):
    """A link that cannot be made or taken back."""


class LinkUnusable(Refused):
    """A link that leads nowhere: unknown, over, used up, taken back, or its export may no longer leave."""

    status = 404


def make_export_link(*, export: Export, valid_for: str, by: Person) -> tuple[ExportLink, str]:
    """A link for a time out of VALID_FOR, and its secret (shown once). Raises NotAllowed and a Refused."""
    study = export.release.study
    check_lead(by, study)
    if valid_for not in VALID_FOR:
        raise LinkRefused(f"Choose how long the link holds: {', '.join(VALID_FOR)}.")
    check_may_leave(export.release)
    if not may_be_downloaded(export):
        raise LinkRefused("This export is not there to be downloaded.")
    token, now = secrets.token_urlsafe(32), timezone.now()
    with transaction.atomic():
        Export.objects.select_for_update().get(pk=export.pk)  # two leads at once make no sixth
        if open_links(export.release).filter(export=export).count() >= MOST_OPEN:
            raise LinkRefused(f"This export has {MOST_OPEN} open links; take one back first.")
        link = ExportLink.objects.create(
            export=export,
            token_sha256=_hash(token),
            created_by=by,
            created_at=now,
            expires_at=now + VALID_FOR[valid_for],
            most_uses=MOST_USES,
        )
        facts = _facts_of(link) | {"expires": link.expires_at.isoformat(timespec="seconds")}
        record(action="export.link_made", obj=link, by=by, study=study, data=facts)
    return link, token


def revoke_export_link(*, link: ExportLink, by: Person) -> ExportLink:
    """Take a link back. Raises NotAllowed, LinkRefused."""
    study = link.export.release.study
    check_lead(by, study)
    with transaction.atomic():
        standing = ExportLink.objects.filter(pk=link.pk, revoked_at=None)
        if not standing.update(revoked_by=by, revoked_at=timezone.now()):
            raise LinkRefused("This link was taken back before.")
        record(action="export.link_revoked", obj=link, by=by, study=study, data=_facts_of(link))
    link.refresh_from_db()
    return link


def take_by_link(token: str) -> Export:
    """The export behind a link; the use is counted and on record. Raises LinkUnusable, StoreAway."""
    rows = ExportLink.objects.select_related("export__release__study", "export__job", "created_by")
    link = rows.filter(token_sha256=_hash(token)).first()
    if link is None or not _may_be_taken(link):
        raise LinkUnusable("This link leads nowhere.")
    with transaction.atomic():
        now = timezone.now()
        usable = _unused(ExportLink.objects.filter(pk=link.pk), now)
        if not usable.update(uses=F("uses") + 1, used_at=now):
            raise LinkUnusable("This link leads nowhere.")
        link.refresh_from_db(fields=["uses"])
        facts = _facts_of(link) | {"use": link.uses}
        record(action="export.taken_by_link", obj=link, by=None, study=link.export.release.study, data=facts)
    return link.export


def open_links(release: Release) -> "QuerySet[ExportLink]":
    """Links to exports of the release that still work, newest first."""
    return _unused(ExportLink.objects.filter(export__release=release), timezone.now())


def _unused(links: "QuerySet[ExportLink]", now: Any) -> "QuerySet[ExportLink]":
    return links.filter(revoked_at=None, expires_at__gt=now, uses__lt=F("most_uses"))


def _may_be_taken(link: ExportLink) -> bool:
    """As the lead who made it could today: one who leads no more, or is switched off, gives nothing away."""
    try:
        check_lead(link.created_by, link.export.release.study)
        check_may_leave(link.export.release)
    except Refused:
        return False
    return link.created_by.is_active and may_be_downloaded(link.export)


def _facts_of(link: ExportLink) -> dict[str, Any]:
    return {"digest": link.export.release.digest, "layout": link.export.layout, "link": link.pk}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
