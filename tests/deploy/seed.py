"""What the readers find: `python -m tests.deploy.seed READERS CASES` fills the deployment's database."""

import os
import sys

import django

STUDY = "chest"
PASSWORD = "a long deployed password"


def main(readers: int, cases: int) -> None:
    from django.contrib.auth.hashers import make_password

    from annotation.pairing import open_comparison_round
    from consilium.people.models import Membership, Participation, Person, Role, Study
    from tests.factories import cast
    from tests.factories.annotation import answered

    cast.PASSWORD = PASSWORD
    made = cast.make_cast()
    study = Study.objects.get(slug=STUDY)
    known = make_password(PASSWORD)  # once: making it is as slow as checking it
    people = Person.objects.bulk_create(
        Person(username=f"reader{number}", display_name=f"Reader {number}", password=known)
        for number in range(readers)
    )
    Membership.objects.bulk_create(Membership(study=study, person=one, role=Role.ANNOTATOR) for one in people)
    consent = {"consent_version": 1, "consent_sha256": "0" * 64, "credit": "pseudonym"}
    Participation.objects.bulk_create(Participation(study=study, person=one, **consent) for one in people)
    answered(study, cases)
    open_comparison_round(study=study, name="Round 1", by=made.lena)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "consilium.settings"
    django.setup()
    main(*map(int, sys.argv[1:]))
