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
    """Store the cast, all rows of a kind at once; members have consented."""
    study = Study(slug="chest", name="Chest study", settings_data={"trace_tokens_min": 1})
    other = Study(slug="other", name="Other study")
    Study.objects.bulk_create([study, other])
    roles = {
        "anna": Role.ANNOTATOR,
        "ben": Role.ANNOTATOR,
        "carla": Role.ANNOTATOR,
        "rosa": Role.ADJUDICATOR,
        "lena": Role.LEAD,
        "max": Role.LEAD,
    }
    password = make_password(PASSWORD)
    people = {
        name: Person(username=name, password=password, display_name=name.title(), is_operator=name == "otto")
        for name in (*roles, "otto", "nora")
    }
    Person.objects.bulk_create(people.values())
    _admit(study, {people[name]: role for name, role in roles.items()})
    _admit(other, {people["nora"]: Role.LEAD})
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
    _admit(study, {member: role})
    return member


def _admit(study: Study, roles: dict[Person, Role]) -> None:
    text = ConsentText(study=study, version=1, text="You take part freely.")
    ConsentText.objects.bulk_create([text], ignore_conflicts=True)
    Membership.objects.bulk_create(
        Membership(study=study, person=member, role=role) for member, role in roles.items()
    )
    agreed = {"consent_version": 1, "consent_sha256": "0" * 64, "credit": CreditChoice.PSEUDONYM}
    Participation.objects.bulk_create(Participation(study=study, person=member, **agreed) for member in roles)
