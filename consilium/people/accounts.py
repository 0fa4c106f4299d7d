"""How people get in: allauth with the sign-up closed; accounts come from invitations or an operator."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.template.defaultfilters import date
from django.utils import timezone

from consilium.audit.record import record
from consilium.people import attempts, idle
from consilium.people.models import Person
from consilium.people.password_login import check_password_login
from consilium.people.permissions import OPERATOR, check_role
from consilium.people.sign_ins import note_failed_code, note_failed_login, note_login, note_logout
from consilium.refusals import NameTaken


class AccountAdapter(DefaultAccountAdapter):
    """Closes the public sign-up, puts on record who comes, leaves and tries, and counts attempts.

    allauth's own limit of logins is keyed by the Host header and holds up the right password too.
    """

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The user name or the password is not right."
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made from an invitation only."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """A password is about to be looked at. Raises TooManyAttempts, PasswordsOff."""
        name = str(credentials.get("username", ""))
        check_password_login(name)
        self._attempt = attempts.take(name=name, address=self.get_client_ip(request))

    def _rollback_login_failed_rl_usage(self) -> None:
        """allauth calls this when the password was right."""
        attempts.was_right(self._attempt)

    def login(self, request: HttpRequest, user: Any) -> None:
        """All factors were right: the person is in, and hears who else tried."""
        super().login(request, user)
        idle.note_arrival(request)
        methods = {one.get("method") for one in get_authentication_records(request, user)}
        through = "sign_on" if "socialaccount" in methods else ""
        note_login(person=user, address=self._address(request), through=through)
        missed = attempts.got_in(name=user.get_username(), address=self.get_client_ip(request))
        if missed is not None:
            messages.warning(request, _told(missed))

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


def _told(missed: attempts.Unseen) -> str:
    times, which = f"{missed.count} failed attempts", "the last on"
    if missed.count == 1:
        times, which = "1 failed attempt", "on"
    last = (
        f"{date(timezone.localtime(missed.last_at), 'j M Y, H:i')} ({timezone.get_current_timezone_name()})"
    )
    return (
        f"{times} to log in under your name since your last visit, {which} {last}. "
        "If that was not you, change your password and tell the operator."
    )


class FactorAdapter(DefaultMFAAdapter):
    """Says what to do about a code that is not right."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or no longer. Take the one that the app shows now."
    }


class NameForm(LoginForm):
    """The login by password, in the words of the other pages."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name"
        self.fields["login"].widget.attrs.pop("placeholder", None)


class _CountedCode:
    """A form of the second factor whose attempts are counted."""

    user: Person

    def clean_code(self) -> str:
        """The code, if it is right. Raises TooManyAttempts."""
        address = AccountAdapter().get_client_ip(context.request)
        attempt = attempts.take(name=self.user.username, address=address, purpose="code")
        try:
            code = str(super().clean_code())  # type: ignore[misc]
        except ValidationError:
            note_failed_code(person=self.user, address=str(address))
            raise
        attempts.was_right(attempt)
        return code


class CodeForm(_CountedCode, AuthenticateForm):
    """The second factor of a login."""


class CodeAgainForm(_CountedCode, ReauthenticateForm):
    """The second factor where somebody who is in confirms to be that person."""


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
