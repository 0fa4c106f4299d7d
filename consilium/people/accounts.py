"""How people get in: allauth with the sign-up closed; accounts come from invitations or an operator."""

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.http import HttpRequest

from consilium.audit.record import record
from consilium.people.models import Person
from consilium.people.permissions import OPERATOR, check_role
from consilium.refusals import NameTaken


class AccountAdapter(DefaultAccountAdapter):
    """Closes the public sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made from an invitation only."""
        return False


@transaction.atomic
def create_person(
    *, username: str, password: str, display_name: str, by: Person | None, is_operator: bool = False
) -> Person:
    """A new account with a password. `by` must be an operator; None is the command line.

    Raises NameTaken, NotAllowed, ValidationError for a bad name or a weak password.
    """
    if by is not None:
        check_role(by, None, OPERATOR)
    if Person.objects.filter(username=username).exists():
        raise NameTaken(f"There is already an account named {username!r}.")
    person = Person(username=username, display_name=display_name, is_operator=is_operator)
    person.full_clean(exclude=["password"])
    validate_password(password, person)
    person.set_password(password)
    person.save()
    record(action="person.created", obj=person, by=by, study=None, data={"operator": is_operator})
    return person
