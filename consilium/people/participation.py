"""Consent: a person takes part in a study, or withdraws."""

import hashlib

from django.db import IntegrityError, transaction
from django.utils import timezone

from consilium.audit.anchors import anchor_after_commit
from consilium.audit.record import record
from consilium.people.access import check_member
from consilium.people.models import ConsentText, CreditChoice, Participation, Person, Study
from consilium.refusals import Refused


class AlreadyTakesPart(Refused):
    """The person's consent is already stored."""


class ConsentOutdated(Refused):
    """The consent text changed while the person was reading it."""


@transaction.atomic
def take_part(
    *, study: Study, by: Person, consent_version: int, credit: str, conflict_declaration: str = ""
) -> Participation:
    """Store the person's consent to exactly the text they read.

    Raises Http404 for non-members, ConsentOutdated, AlreadyTakesPart.
    """
    check_member(by, study)
    consent = ConsentText.objects.filter(study=study).order_by("-version").first()
    if consent is None or consent.version != consent_version:
        raise ConsentOutdated("The consent text has changed; please read the new one.")
    try:
        with transaction.atomic():
            participation = Participation.objects.create(
                study=study,
                person=by,
                consent_version=consent.version,
                consent_sha256=hashlib.sha256(consent.text.encode()).hexdigest(),
                credit=CreditChoice(credit),
                conflict_declaration=conflict_declaration,
            )
    except IntegrityError:
        raise AlreadyTakesPart("You already take part in this study.") from None
    data = {"consent_version": consent.version, "credit": credit, "conflict": bool(conflict_declaration)}
    record(action="participation.consented", obj=participation, by=by, study=study, data=data)
    return participation


@transaction.atomic
def withdraw_participation(*, participation: Participation, by: Person) -> Participation:
    """End the person's own participation; nothing can be submitted afterwards."""
    now = timezone.now()
    changed = Participation.objects.filter(pk=participation.pk, person=by, withdrawn_at=None).update(
        withdrawn_at=now
    )
    if changed:
        participation.withdrawn_at = now
        record(action="participation.withdrawn", obj=participation, by=by, study=participation.study)
        anchor_after_commit(participation.study, cause="withdrawal")
    return participation
