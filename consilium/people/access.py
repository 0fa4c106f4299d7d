"""Loads a study for a request: 404 for people outside it, 403 for the wrong role."""

from django.http import Http404

from consilium.people.models import Person, Study
from consilium.people.permissions import check_role, roles_of


def study_for(person: Person, slug: str, *roles: str) -> Study:
    """The study, if the person is a member (else Http404) and holds one of `roles` when any are named.

    Raises NotAllowed (a 403) for a member of another role.
    """
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        raise Http404("No such study.")
    check_member(person, study)
    if roles:
        check_role(person, study, *roles)
    return study


def check_member(person: Person, study: Study | None) -> None:
    """Raise Http404 unless the person is an active member: outsiders cannot tell that the object exists."""
    if study is None or not roles_of(person, study) - {"operator"}:
        raise Http404("Not found.")
