"""A signature under the content of an object, and what is shown of it later."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from consilium.audit.record import record
from consilium.canonical_json import canonical_sha256
from consilium.people.models import Person, Role, Study
from consilium.signatures.models import SIGNED_ONE_BY_ONE, Meaning, Signature, Sitting
from consilium.signatures.refusals import NotSigned
from consilium.signatures.sittings import check_sitting


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature as a page shows it. `name` is the printed one, or what stands for it on that page."""

    name: str
    role: str
    at: datetime
    meaning: str
    is_void: bool
    signature: Signature


@transaction.atomic
def sign(
    *, sitting: Sitting, obj: models.Model, study: Study, meaning: Meaning, content: Any, by: Person
) -> Signature:
    """Sign `content` (canonical JSON types), which is all that is signed of `obj`; called last by a use case.

    Raises NotSigned where the sitting is over, somebody else's, or of another study or purpose.
    """
    check_sitting(sitting, study=study, meaning=meaning, by=by)
    if meaning.purpose in SIGNED_ONE_BY_ONE:
        unused = Sitting.objects.filter(pk=sitting.pk, ended_at=None)
        if not unused.update(ended_at=timezone.now()):  # another tab came first
            raise NotSigned(study, by, meaning)
    signature = Signature.objects.create(
        study=study,
        sitting=sitting,
        signer=by,
        printed_name=str(by),
        meaning=meaning,
        object_type=obj._meta.label_lower,
        object_id=obj.pk,
        content_sha256=canonical_sha256(content),
    )
    record(
        action="signature.made",
        obj=obj,
        by=by,
        study=study,
        data={
            "signature": signature.pk,
            "meaning": meaning.value,
            "sha256": signature.content_sha256,
            "sitting": sitting.pk,
        },
    )
    return signature


def signature_lines(
    kind: type[models.Model],
    keys: Collection[int],
    content_now: Callable[[Signature], Any],
    name_of: Callable[[Signature], str] = lambda signature: signature.printed_name,
) -> dict[int, list[SignatureLine]]:
    """What was signed of these objects, oldest first, by the object's key.

    `content_now` gives what the same signature would sign now: a signature of anything else is void.
    """
    found: dict[int, list[SignatureLine]] = defaultdict(list)
    rows = Signature.objects.filter(object_type=kind._meta.label_lower, object_id__in=keys)
    for signature in rows.select_related("sitting").order_by("pk"):
        line = SignatureLine(
            name=name_of(signature),
            role=Role(signature.sitting.role).label,
            at=signature.at,
            meaning=signature.get_meaning_display(),
            is_void=canonical_sha256(content_now(signature)) != signature.content_sha256,
            signature=signature,
        )
        found[signature.object_id].append(line)
    return dict(found)


def signed_digests(kind: type[models.Model], study: Study, meaning: Meaning) -> dict[int, str]:
    """The SHA-256 that was signed of each object of the study, by the object's key; the newest one counts."""
    rows = Signature.objects.filter(study=study, object_type=kind._meta.label_lower, meaning=meaning)
    return dict(rows.order_by("pk").values_list("object_id", "content_sha256"))
