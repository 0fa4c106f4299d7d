"""In whose name a command acts: a named lead, else the study's first one; and that lead's signature."""

import sys
from getpass import getpass

from django.core.management.base import CommandParser

from consilium.people.models import Membership, Person, Role, Study
from consilium.refusals import Refused
from consilium.signatures.models import Meaning, Sitting
from consilium.signatures.reentry import sit_down_at_terminal


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


def add_sign(parser: CommandParser) -> None:
    """Commands whose outcome a lead signs take --sign."""
    words = "Sign it as the lead of --by: the password is read from standard input. Left out: not signed."
    parser.add_argument("--sign", action="store_true", help=words)


def sitting_at_terminal(study: Study, meaning: Meaning, options: dict[str, object]) -> Sitting | None:
    """Where a lead who gave --sign and the right password signs; None without --sign.

    Raises Refused where --by names nobody, WrongPassword, NotAllowed.
    """
    if not options["sign"]:
        return None
    if not options["by"]:
        raise Refused("--sign needs --by: say who signs.")
    person = lead_of(study, str(options["by"]))
    entered = getpass(f"Password of {person}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return sit_down_at_terminal(study=study, meaning=meaning, password=entered, by=person)
