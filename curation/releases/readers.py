"""Who read for a release, copied into it: pseudonym, role, specialty, and whether they want to be named.

Names stay out of the frozen rows: who asked to be named is named by the card, apart from the pseudonyms, and
only while that wish stands.
"""

from collections.abc import Collection, Iterator
from typing import Final

from consilium.people.models import CreditChoice, Membership, Participation, Study, pseudonym
from curation.models import Release
from curation.releases.contents import NewRow
from curation.releases.freeze import side_rows_of

READERS: Final = "readers"


def reader_rows(study: Study, people: Collection[int]) -> Iterator[NewRow]:
    """One row per person whose votes, decisions or reviews are in the release, by pseudonym."""
    members = Membership.objects.filter(study=study, person__in=people)
    held = {person: (role, specialty) for person, role, specialty in members.values_list(
        "person", "role", "specialty"
    )}  # fmt: skip
    wishes = _wishes(study)
    for name, person in sorted((pseudonym(study.pk, person), person) for person in people):
        role, specialty = held.get(person, ("", ""))
        credit = CreditChoice.NAMED if person in wishes else CreditChoice.PSEUDONYM
        content = {"id": name, "role": str(role), "specialty": str(specialty), "credit": str(credit)}
        yield NewRow(name, content, table=READERS)


def credits_in_export(release: Release) -> list[str]:
    """Name and credentials of the readers who asked for it before the freeze and still do, by alphabet."""
    frozen = side_rows_of(release, READERS).filter(content__credit=CreditChoice.NAMED.value)
    asked = set(frozen.values_list("row_id", flat=True))
    study = release.study
    named = {person: name for person, name in _wishes(study).items() if pseudonym(study.pk, person) in asked}
    return sorted(named.values())


def credited_names(study: Study) -> set[str]:
    """Name and credentials, as a card prints them, of everybody who asks to be named now."""
    return set(_wishes(study).values())


def _wishes(study: Study) -> dict[int, str]:
    asked = Participation.objects.filter(study=study, credit=CreditChoice.NAMED, withdrawn_at=None)
    return {
        taking_part.person_id: ", ".join(
            filter(None, (str(taking_part.person), " ".join(taking_part.person.credentials.split())))
        )
        for taking_part in asked.select_related("person")
    }
