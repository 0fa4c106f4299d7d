"""Whether passwords let people in; where they do not, an operator may be let in from the host, on record."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from allauth.account import views as account
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from consilium.audit.record import audited_transaction
from consilium.people.access_notices import record_for
from consilium.people.models import Person, Remembered
from consilium.refusals import ReasonMissing, Refused

LET_IN_MINUTES = 60
PREFIX = "password-login:"


class PasswordsOff(Refused):
    """People come in by single sign-on alone."""

    status = 403

    def __init__(self) -> None:
        super().__init__("Passwords let nobody in here: log in with single sign-on.")


def let_in(*, person: Person, reason: str) -> tuple[datetime, str]:
    """Let an operator in by password for LET_IN_MINUTES; from the command line alone.

    Until when, and the password that was made where there was none. Raises ReasonMissing, and Refused for who
    is no active operator.
    """
    if not person.is_operator or not person.is_active:
        raise Refused("Only an active operator can be let in by password.")
    if not reason.strip():
        raise ReasonMissing("Say why: --reason, in a few words. It stays in the record.")
    until = timezone.now() + timedelta(minutes=LET_IN_MINUTES)
    made = "" if person.has_usable_password() else secrets.token_urlsafe(12)
    with audited_transaction():
        if made:
            person.set_password(made)
            person.save(update_fields=["password"])
        Remembered.objects.update_or_create(
            key=f"{PREFIX}{person.username}", defaults={"value": True, "expires_at": until}
        )
        data = {"until": until.isoformat(timespec="minutes"), "made_password": bool(made)}
        record_for(person, action="operator.let_in", obj=person, by=None, data=data, reason=reason.strip())
    return until, made


def somebody_is_let_in() -> bool:
    """Whether the login page has to show the field of the password although passwords are off."""
    return Remembered.objects.filter(key__startswith=PREFIX, expires_at__gt=timezone.now()).exists()


def check_password_login(username: str) -> None:
    """Raise PasswordsOff unless passwords let people in, or this operator was let in from the host."""
    if settings.PASSWORD_LOGIN:
        return
    key = f"{PREFIX}{username.strip().lower()}"
    if not Remembered.objects.filter(key=key, expires_at__gt=timezone.now()).exists():
        raise PasswordsOff


def change_password(request: HttpRequest) -> HttpResponse:
    """allauth's page, for people who have a password that lets them in. Raises PasswordsOff."""
    person: Any = request.user
    if person.is_authenticated and not person.has_usable_password():
        raise PasswordsOff
    if person.is_authenticated:
        check_password_login(person.get_username())
    answer: HttpResponse = account.password_change(request)
    return answer
