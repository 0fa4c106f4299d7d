"""The demo study and its seven people; passwords are drawn, printed once and stored hashed."""

import secrets

from django.db import transaction

from consilium.people.accounts import create_person
from consilium.people.models import ConsentText, CreditChoice, Person, Role, Specialty, Study
from consilium.people.participation import take_part
from consilium.people.studies import (
    add_member,
    change_settings,
    create_study,
    publish_guideline,
)
from consilium.refusals import NameTaken

SLUG = "demo"
CAST: tuple[tuple[str, str, Role | None], ...] = (
    ("amara", "Dr. Amara Osei", Role.ANNOTATOR),
    ("bruno", "Dr. Bruno Keller", Role.ANNOTATOR),
    ("chiara", "Dr. Chiara Lunde", Role.ANNOTATOR),
    ("ruth", "Prof. Ruth Adler", Role.ADJUDICATOR),
    ("lena", "Lena Hart", Role.LEAD),
    ("max", "Max Oduya", Role.LEAD),
    ("otto", "Otto Brandt", None),
)
# What a card of the demo study says of its readers.
READERS = {
    "amara": Specialty.BRAIN_SENSES,
    "bruno": Specialty.ADULT_MEDICINE,
    "chiara": Specialty.PEDIATRICS,
    "ruth": Specialty.ONCOLOGY_SURGERY,
}
GUIDELINES = """Judge what is written, not who might have written it.

Accuracy: is the medical content right for this image?
Relevance: does it speak to this question?
Comprehensiveness: does it cover what matters for the decision?
Creativity: does it offer a useful thought that others would miss?
Responsiveness: is it in a form that answers what was asked?
Overall: which answer would you rather hand to a colleague?

Say "cannot judge" with a reason rather than guess. Flag an answer that could harm a patient."""
# Short enough that a tiny model on two cores fills the study in minutes; a real study keeps the defaults.
SETTINGS = {
    "quiet_hours": 0,
    "trace_tokens_min": 20,
    "trace_tokens_max": 600,
    "answer_tokens_max": 96,
    "teacher_sees_gold": False,
    "split_train": 0.6,
    "split_dev": 0.1,
}


@transaction.atomic
def make_demo_people() -> tuple[Study, dict[str, str]]:
    """The demo study with its members. Returns the study and user name to password for accounts made now.

    Raises NameTaken.
    """
    study = Study.objects.filter(slug=SLUG).first() or create_study(
        slug=SLUG,
        name="Demo study",
        description="Real images that ship with pydicom beside a synthetic, colour-coded teaching set.",
        by=None,
        is_teaching_set=True,
    )
    _check_names_are_free(study)
    passwords: dict[str, str] = {}
    for username, display_name, role in CAST:
        if not Person.objects.filter(username=username).exists():
            passwords[username] = _make_person(study, username, display_name, role)
    lead = Person.objects.get(username="lena")
    if not study.guidelines.exists():
        publish_guideline(study=study, text=GUIDELINES, by=lead)
        change_settings(study=study, changes=dict(SETTINGS), by=lead)
    return study, passwords


def _check_names_are_free(study: Study) -> None:
    """Raise NameTaken when somebody outside the demo has the user name of a member of its cast."""
    names = [username for username, _, role in CAST if role is not None]
    strangers = Person.objects.filter(username__in=names).exclude(memberships__study=study)
    if (stranger := strangers.order_by("username").first()) is not None:
        raise NameTaken(
            f"The demo study needs the user name {stranger.username!r}, which somebody has already. "
            "Start it on another data folder (CONSILIUM_HOME)."
        )


def _make_person(study: Study, username: str, display_name: str, role: Role | None) -> str:
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    person = create_person(
        username=username, password=password, display_name=display_name, by=None, is_operator=role is None
    )
    if role is not None:
        lead = Person.objects.filter(memberships__study=study, memberships__role=Role.LEAD).first()
        specialty = READERS.get(username, "")
        add_member(study=study, person=person, role=role, specialty=specialty, by=None, invited_by=lead)
        consent = ConsentText.objects.filter(study=study).latest("version")
        take_part(study=study, by=person, consent_version=consent.version, credit=CreditChoice.PSEUDONYM)
    return password
