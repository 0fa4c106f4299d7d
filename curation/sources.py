"""Sources: where data comes from and what may be done with it."""

from typing import Any

from django.db import transaction

from consilium.audit.record import record
from consilium.people.models import Person, Study
from consilium.people.permissions import check_lead
from consilium.refusals import Refused
from curation.held_texts import name_problem
from curation.models import Source

FLAGS = ("may_send_to_hosted", "may_train", "may_redistribute", "commercial_use", "is_synthetic")


class SourceNameRefused(Refused):
    """What a source cannot be called; the text is for people."""


class SourceLocked(Refused):
    """A change that data already imported does not allow; the text is for people."""


def save_source(*, study: Study, fields: dict[str, Any], by: Person, source: Source | None = None) -> Source:
    """Make a source, or change one. What it permits is part of the study's record.

    Raises NotAllowed, SourceNameRefused, SourceLocked.
    """
    check_lead(by, study)
    if problem := name_problem(fields["name"]):
        raise SourceNameRefused(f"Give the source another name. {problem}")
    if source is not None and source.is_synthetic != fields["is_synthetic"] and source.images.exists():
        raise SourceLocked("Images of this source are stored; whether it is synthetic can no longer change.")
    with transaction.atomic():
        if source is None:
            saved = Source.objects.create(study=study, **fields)
        else:
            Source.objects.filter(pk=source.pk, study=study).update(**fields)
            saved = Source.objects.get(pk=source.pk)
        record(
            action="source.saved",
            obj=saved,
            by=by,
            study=study,
            data={flag: getattr(saved, flag) for flag in FLAGS} | {"licence": saved.licence},
        )
    return saved
