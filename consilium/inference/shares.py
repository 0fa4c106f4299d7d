"""An operator shares one study's model with another study, on purpose and on both studies' record."""

from django.db import models

from consilium.audit.record import audited_transaction, record
from consilium.inference.models import EndpointShare, ModelEndpoint
from consilium.inference.refusals import EndpointRefused
from consilium.people.models import Person, Study
from consilium.people.permissions import OPERATOR, check_role


def share_endpoint(*, endpoint: ModelEndpoint, study: Study, by: Person | None) -> EndpointShare:
    """Let another study ask a study's model, and train from it where it is a local one.

    `by` None is the command line. Raises NotAllowed, EndpointRefused.
    """
    if by is not None:
        check_role(by, None, OPERATOR)
    if endpoint.study is None:
        raise EndpointRefused(f"Every study may ask {endpoint.name}; there is nothing to share.")
    if endpoint.study_id == study.pk:
        raise EndpointRefused(f"{endpoint.name} belongs to that study already.")
    with audited_transaction():
        made, is_new = EndpointShare.objects.get_or_create(
            endpoint=endpoint, study=study, defaults={"shared_by": by}
        )
        if not is_new:
            raise EndpointRefused(f"{endpoint.name} is shared with {study} already.")
        _record("endpoint.shared", made, by)
    return made


def end_share(*, share: EndpointShare, by: Person | None) -> None:
    """The other study may no longer ask the model; what it has asked stays.

    Raises NotAllowed, EndpointRefused.
    """
    if by is not None:
        check_role(by, None, OPERATOR)
    with audited_transaction():
        if not EndpointShare.objects.filter(pk=share.pk).delete()[0]:
            raise EndpointRefused("This model is no longer shared.")
        _record("endpoint.share_ended", share, by)


def all_shares() -> "models.QuerySet[EndpointShare]":
    """Every share of the site, by model."""
    related = EndpointShare.objects.select_related("endpoint__study", "study", "shared_by")
    return related.order_by("endpoint__name", "study__name")


def _record(action: str, share: EndpointShare, by: Person | None) -> None:
    """One event for the study that gives and one for the study that gets."""
    endpoint, owner = share.endpoint, share.endpoint.study
    assert owner is not None
    data = {"name": endpoint.name, "from": owner.slug, "with": share.study.slug}
    for study in (owner, share.study):
        record(action=action, obj=endpoint, by=by, study=study, data=data)
