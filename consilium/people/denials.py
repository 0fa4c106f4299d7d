"""Keeps an account of what people asked for and may not see or do."""

from django.db import transaction

from consilium.audit.record import record
from consilium.people.models import Person, Study


@transaction.atomic
def note_refusal(*, by: Person, study: str, view: str) -> None:
    """Record that a person was refused; `study` is the slug in the address, if there is one.

    A study that the person is no member of answers as if it did not exist, so it never comes here.
    """
    found = Study.objects.filter(slug=study).first() if study else None
    record(action="access.refused", obj=by, by=by, study=found, data={"view": view})
