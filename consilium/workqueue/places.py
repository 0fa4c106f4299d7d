"""Where a person goes next."""

import structlog
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.urls import reverse

from consilium.people.models import Person, Study
from consilium.workqueue import kinds
from consilium.workqueue.claim import member_of, next_claim
from consilium.workqueue.hold import kept_ready
from consilium.workqueue.models import Claim, WorkItem
from consilium.workqueue.refusals import OtherWorkOpen

log = structlog.get_logger(__name__)


def assets_version() -> str:
    """Names the scripts and styles of this installation, which change with its version alone."""
    return str(getattr(staticfiles_storage, "manifest_hash", "")) or "not-collected"


def screen_of(claim: Claim) -> str:
    """Address of the screen of a claim."""
    return reverse(kinds.find(claim.item.kind).screen, kwargs={"token": claim.token})


def place_after_postponing(claim: Claim) -> str:
    """The next new item; the queue page when only work that was put off is left."""
    kind = claim.item.kind
    if kept_ready(claim).filter(item__kind=kind).exists():
        return next_place(claim.study, claim.person, kind)
    room = (
        WorkItem.objects.with_free_slot().filter(kind=kind).eligible_for(member_of(claim.study, claim.person))
    )
    if room.fresh_for(claim.person).exists():
        return next_place(claim.study, claim.person, kind)
    return reverse("work:queue", kwargs={"study": claim.study.slug})


def next_place(study: Study, person: Person, kind: str) -> str:
    """Claim the next item and give the address of its screen, or of the page that says what is left.

    Called after work was stored, so whatever is wrong with the next item must not look like a lost answer.
    """
    try:
        claim = next_claim(study=study, person=person, kind=kind)
    except (PermissionDenied, OtherWorkOpen, OperationalError) as problem:
        log.info("work.no_next", study=study.slug, kind=kind, cause=type(problem).__name__)
        return reverse("work:queue", kwargs={"study": study.slug})
    if claim is None:
        return reverse("work:finished", kwargs={"study": study.slug, "kind": kind})
    return screen_of(claim)
