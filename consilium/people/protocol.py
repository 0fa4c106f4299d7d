"""The protocol lock: the study's settings are hashed at the first vote; later changes are amendments."""

import hashlib
import json

from django.db import transaction
from django.utils import timezone

from consilium.audit.record import chain_of, lock_chain, record
from consilium.people.models import Person, Study


def protocol_hash(study: Study) -> str:
    """SHA-256 (hex) of all settings of the study, defaults included, as canonical JSON."""
    body = json.dumps(study.settings.to_json(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


@transaction.atomic
def lock_protocol(study: Study, by: Person | None) -> bool:
    """Lock the settings as they are now; False when they are locked already (the first vote wins)."""
    lock_chain(chain_of(study))
    fresh = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if fresh.protocol_locked_at is not None:
        return False
    digest, now = protocol_hash(fresh), timezone.now()
    Study.objects.filter(pk=study.pk).update(protocol_hash=digest, protocol_locked_at=now)
    study.protocol_hash, study.protocol_locked_at = digest, now
    record(action="study.locked", obj=study, by=by, study=study, data={"protocol_sha256": digest})
    return True
