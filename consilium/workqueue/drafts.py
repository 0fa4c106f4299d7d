"""Keeps unfinished work on the server; a newer text is never overwritten silently."""

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from consilium.people.models import Person
from consilium.prepared import Prepared
from consilium.workqueue.claim import open_claim
from consilium.workqueue.models import Claim, Draft
from consilium.workqueue.refusals import DraftConflict, ItemClosed


def save_draft(
    *,
    token: uuid.UUID | str,
    person: Person,
    content: dict[str, Any],
    draft_version: int,
    base_version: int = 0,
) -> Draft:
    """Store the draft as version `draft_version + 1`; 0 means that the sender knows of none.

    `base_version` is the submission the text builds on, so that a late save cannot revive what was submitted.
    Raises DraftConflict with both contents when the sender built on something else than what is stored;
    Http404, ClaimOver or ItemClosed for a claim that takes no text.
    """
    claim = open_claim(token, person)
    if not claim.item.is_open:
        raise ItemClosed
    submitted = claim.item.submissions.filter(person=person).count()
    if submitted != base_version or not _written(claim, content, draft_version):
        raise DraftConflict(stored_draft(claim), content)
    stored = stored_draft(claim)
    if stored is None:  # submitted from another tab in this very moment
        raise DraftConflict(None, content)
    return stored


def stored_draft(claim: Claim) -> Draft | None:
    """The draft of the claim's person on its item."""
    return _DRAFT.first(item=claim.item_id, person=claim.person_id)


_DRAFT = Prepared(lambda item, person: Draft.objects.filter(item=item, person=person), item=int, person=int)


def _written(claim: Claim, content: dict[str, Any], draft_version: int) -> bool:
    """Write the draft unless somebody wrote since `draft_version`."""
    now = timezone.now()
    if draft_version:
        known = Draft.objects.filter(item=claim.item, person=claim.person, version=draft_version)
        return bool(known.update(content=content, version=draft_version + 1, updated_at=now))
    try:
        with transaction.atomic():
            Draft.objects.create(item=claim.item, person=claim.person, content=content, updated_at=now)
    except IntegrityError:
        return False
    return True
