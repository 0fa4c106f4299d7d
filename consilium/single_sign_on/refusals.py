"""What keeps somebody from coming in by single sign-on; the texts are for people."""

from typing import Final

from consilium.people.models import Person
from consilium.refusals import Refused

AGAIN: Final = "Start again from the login page."


class SignOnRefused(Refused):
    """Nobody came in. `reason` is one word for the record; `person` is who it was about, if that is known."""

    status = 403

    def __init__(self, reason: str, text: str, *, person: Person | None = None, status: int = 403) -> None:
        self.reason, self.person, self.status = reason, person, status
        super().__init__(text)


class ProviderAway(SignOnRefused):
    """The provider gives no usable answer; the log says what was wrong."""

    def __init__(self, label: str) -> None:
        text = f"The service “{label}” does not answer just now. Nothing was changed; try again in a minute."
        super().__init__("away", text, status=503)


class LoginExpired(SignOnRefused):
    """The answer of the provider fits no login that this browser began, or comes too late."""

    def __init__(self) -> None:
        super().__init__("expired", f"This login took too long, or was begun in another browser. {AGAIN}")
