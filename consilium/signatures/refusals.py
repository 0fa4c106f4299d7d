"""What keeps a signature from being made; the texts are for people."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from consilium.people.models import Person, Study
from consilium.refusals import Refused
from consilium.signatures.models import SIGNED_ONE_BY_ONE, Meaning
from consilium.signatures.proofs import Proof, proof_of


class NotSigned(Refused):
    """The person has to enter the password again before this can be signed. Nothing was stored."""

    status = 428

    def __init__(self, study: Study, by: Person, meaning: Meaning, problem: str = "") -> None:
        self.study, self.by, self.meaning, self.problem = study, by, meaning, problem
        self.proof = proof_of(by)
        super().__init__(problem or self.proof.asks)

    @property
    def passes_through(self) -> bool:
        """It is answered by asking for the password, not by a message."""
        return True

    @property
    def is_one_by_one(self) -> bool:
        """Whether the password is asked for at each such signature, not once per sitting."""
        return self.meaning.purpose in SIGNED_ONE_BY_ONE

    @property
    def extra(self) -> dict[str, Any]:
        """What a script needs to ask for the password."""
        kwargs = {"study": self.study.slug, "meaning": self.meaning.value}
        asked = {"name": str(self.by), "meaning": self.meaning.label, "proof": self.proof.value}
        if self.proof is Proof.PROVIDER and settings.SIGN_ON is not None:
            asked |= {"page": self.page, "provider": settings.SIGN_ON.label}
        return {"sign": {"url": reverse("signatures:begin", kwargs=kwargs), **asked}}

    @property
    def page(self) -> str:
        """Where who signs with a fresh login at the provider confirms it."""
        kwargs = {"study": self.study.slug, "meaning": self.meaning.value}
        return reverse("signatures:confirm", kwargs=kwargs)


class WrongPassword(NotSigned):
    """What was entered is not the person's password."""

    status = 422


class TooManyTries(Refused):
    """Too many wrong passwords in a short time."""

    status = 429
