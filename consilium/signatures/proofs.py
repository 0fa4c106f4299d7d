"""How a person shows at a signature who they are: what they have decides it, nobody chooses."""

from enum import StrEnum

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings

from consilium.people.models import Person
from consilium.single_sign_on.identities import bound_account


class Proof(StrEnum):
    """The password; without one that is taken here a code, a fresh login at the provider, or nothing."""

    PASSWORD = "password"  # noqa: S105 - the name of a way
    CODE = "code"
    PROVIDER = "provider"
    NOTHING = "nothing"

    @property
    def label(self) -> str:
        """Of the field that takes it."""
        return "Code from your authenticator app" if self is Proof.CODE else "Your password"

    @property
    def asks(self) -> str:
        """What a person has to do, in a sentence."""
        return ASKS[self]

    @property
    def wrong(self) -> str:
        """What is said of one that is not theirs."""
        return WRONG[self]


ASKS = {
    Proof.PASSWORD: "This needs your signature: enter your password again.",
    Proof.CODE: "This needs your signature: enter a code from your authenticator app.",
    Proof.PROVIDER: "This needs your signature: confirm with a fresh login that it is you.",
    Proof.NOTHING: "You cannot sign yet: set up an authenticator app first, under “Two-factor login”.",
}
WRONG = {
    Proof.PASSWORD: "That is not your password. Nothing was signed.",
    Proof.CODE: "That is not a code of your app, or it was used before. Nothing was signed.",
    Proof.PROVIDER: "You have not confirmed yet that it is you. Nothing was signed.",
    Proof.NOTHING: "You cannot sign yet: set up an authenticator app first. Nothing was signed.",
}


def proof_of(person: Person) -> Proof:
    """The way that this person has; no query for who has a password."""
    if settings.PASSWORD_LOGIN and person.has_usable_password():
        return Proof.PASSWORD
    if _app_of(person) is not None:
        return Proof.CODE
    if settings.SIGN_ON is not None and bound_account(person, settings.SIGN_ON) is not None:
        return Proof.PROVIDER
    return Proof.NOTHING


def is_right_code(person: Person, code: str) -> bool:
    """Whether it is a code of the person's app; each is good once."""
    app = _app_of(person)
    return app is not None and bool(TOTP(app).validate_code(code.strip().replace(" ", "")))


def _app_of(person: Person) -> Authenticator | None:
    return Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).first()
