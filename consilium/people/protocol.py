"""The protocol lock: the study's settings are hashed at the first vote; later changes are amendments."""

from django.db import transaction
from django.utils import timezone

from consilium.audit.record import chain_of, lock_chain, record
from consilium.canonical_json import canonical_sha256
from consilium.people.models import Person, Study


def protocol_hash(study: Study) -> str:
    """SHA-256 (hex) of all settings of the study, defaults included, as canonical JSON."""
    return canonical_sha256(study.settings.to_json())


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
