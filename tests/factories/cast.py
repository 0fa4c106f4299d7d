"""The people of the tests: always the same, so that a test reads like a sentence.

Anna, Ben and Carla annotate; Rosa adjudicates; Lena and Max lead; Otto operates the site and is no member;
Nora has an account and belongs to another study.
"""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.test import override_settings

from consilium.people.models import (
    ConsentText,
    CreditChoice,
    GuidelineVersion,
    Membership,
    Participation,
    Person,
    Role,
    Study,
)

PASSWORD = "a long test password"


@dataclass(frozen=True)
class Cast:
    """One study and everybody in and around it."""

    study: Study
    other_study: Study
    anna: Person
    ben: Person
    carla: Person
    rosa: Person
    lena: Person
    max: Person
    otto: Person
    nora: Person

    @property
    def annotators(self) -> list[Person]:
        """The three who vote."""
        return [self.anna, self.ben, self.carla]


def make_cast() -> Cast:
    """Store the cast; members have consented."""
    study = Study.objects.create(slug="chest", name="Chest study", settings_data={"trace_tokens_min": 1})
    other = Study.objects.create(slug="other", name="Other study")
    roles = {
        "anna": Role.ANNOTATOR,
        "ben": Role.ANNOTATOR,
        "carla": Role.ANNOTATOR,
        "rosa": Role.ADJUDICATOR,
        "lena": Role.LEAD,
        "max": Role.LEAD,
    }
    people = {name: join(study, name, role) for name, role in roles.items()}
    people["otto"] = person("otto", is_operator=True)
    people["nora"] = join(other, "nora", Role.LEAD)
    study.guideline = GuidelineVersion.objects.create(
        study=study, number=1, text="Judge what is written.", created_by=people["lena"]
    )
    study.save(update_fields=["guideline"])
    return Cast(study=study, other_study=other, **people)


def make_cast_for_logins() -> Cast:
    """The same for a real installation, whose password hash is costly: one for all of them."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        cast = make_cast()
    Person.objects.update(password=make_password(PASSWORD))
    return cast


def person(name: str, *, is_operator: bool = False) -> Person:
    """An account with the test password."""
    return Person.objects.create_user(name, PASSWORD, display_name=name.title(), is_operator=is_operator)


def join(study: Study, name: str, role: Role) -> Person:
    """A consenting member of the study."""
    member = person(name)
    ConsentText.objects.get_or_create(study=study, version=1, defaults={"text": "You take part freely."})
    Membership.objects.create(study=study, person=member, role=role)
    Participation.objects.create(
        study=study, person=member, consent_version=1, consent_sha256="0" * 64, credit=CreditChoice.PSEUDONYM
    )
    return member
