"""In whose name a command acts: a named lead, else the study's first one."""

from django.core.management.base import CommandParser

from consilium.people.models import Membership, Person, Role, Study
from consilium.refusals import Refused


def add_by(parser: CommandParser) -> None:
    """Every command that changes something takes --by."""
    parser.add_argument(
        "--by", default="", help="User name of the lead who does this (default: the first lead)."
    )


def study_named(slug: str) -> Study:
    """The study. Raises Refused with a text for people."""
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        raise Refused(f"There is no study {slug!r}.")
    return study


def lead_of(study: Study, username: str) -> Person:
    """The person named, or the lead who joined first; the use case checks the role. Raises Refused."""
    if username:
        person = Person.objects.filter(username=username).first()
        if person is None:
            raise Refused(f"There is no person {username!r}.")
        return person
    leads = Membership.objects.filter(study=study, role=Role.LEAD, is_active=True).select_related("person")
    first = leads.order_by("pk").first()
    if first is None:
        raise Refused("The study has no lead: add one with `manage.py member add`.")
    return first.person
