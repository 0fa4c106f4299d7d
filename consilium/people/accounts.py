"""How people get in: allauth with the sign-up closed; accounts come from invitations or an operator."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from consilium.audit.record import record
from consilium.people.models import Person
from consilium.people.permissions import OPERATOR, check_role
from consilium.people.sign_ins import note_failed_login, note_login, note_logout
from consilium.refusals import NameTaken


class AccountAdapter(DefaultAccountAdapter):
    """Closes the public sign-up, and puts on record who comes, leaves and tries."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made from an invitation only."""
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        """allauth calls this when password and second factor were right."""
        super().login(request, user)
        note_login(person=user, address=self._address(request))

    def logout(self, request: HttpRequest) -> None:
        """allauth calls this when somebody leaves."""
        leaving = request.user if isinstance(request.user, Person) else None
        super().logout(request)
        if leaving is not None:
            note_logout(person=leaving, address=self._address(request))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth calls this when name or password were wrong."""
        username = str(credentials.get("username", ""))
        note_failed_login(username=username, address=self._address(request))

    def _address(self, request: HttpRequest) -> str:
        """The client's address; empty where the server was not told one."""
        try:
            return str(self.get_client_ip(request))
        except PermissionDenied:
            return ""


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
