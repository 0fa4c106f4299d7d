"""The one refusal: what people asked for cannot be done; the text says why and what to do. Pure: no Django.

Views, commands and jobs catch `Refused` and nothing else, so a bug never reads like a polite answer: it
becomes a page with a reference (500), the traceback of a command, a job that is tried again.
"""

import math
from datetime import timedelta
from typing import Any


class Refused(Exception):
    """What was asked cannot be done. The text is for people: no patient data, no secrets, no paths.

    `status` is the HTTP status of the answer; `field` names the form's field that the text belongs to.
    """

    status = 409
    field: str | None = None

    @property
    def passes_through(self) -> bool:
        """Whether the whole page is refused (403, 404), not one action on it."""
        return self.status in (403, 404)

    @property
    def extra(self) -> dict[str, Any]:
        """Further JSON keys of the answer to a script."""
        return {}


class ReasonMissing(Refused):
    """What cannot be undone needs a reason in words."""

    status = 422


class TooSoon(Refused):
    """It may be tried again after a while; the answer says when (Retry-After)."""

    status = 429

    def __init__(self, what: str, wait: timedelta) -> None:
        self.seconds = max(1, math.ceil(wait.total_seconds()))
        super().__init__(f"{what} Wait {self.wait_words}, then try again.")

    @property
    def extra(self) -> dict[str, Any]:
        """`retry_after` in seconds, as the header of that name."""
        return {"retry_after": self.seconds}

    @property
    def wait_words(self) -> str:
        """How long, for people: seconds, or minutes from two on."""
        if self.seconds == 1:
            return "1 second"
        return f"{self.seconds} seconds" if self.seconds < 120 else f"{math.ceil(self.seconds / 60)} minutes"


class NameTaken(Refused):
    """Something of the same kind already has this name."""

    field = "name"
