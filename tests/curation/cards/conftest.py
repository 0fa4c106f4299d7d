"""A preference release and a trace release with everything a card can tell."""

import pytest

from annotation.release import freeze_preferences
from consilium.people.models import CreditChoice, Membership, Participation, Person
from curation.models import Question, Release, Source, Trace
from curation.releases.gather import freeze_traces
from tests.factories import annotation as voting
from tests.factories import curation as making
from tests.factories.cast import Cast


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")


@pytest.fixture
def voted(cast: Cast) -> Cast:
    """Four settled cases: three unanimous ones, and one with two votes against one on accuracy."""
    voting.set_up(cast.study, quiet_hours=0)
    Membership.objects.filter(person=cast.anna).update(specialty="brain_senses")
    Participation.objects.filter(person=cast.ben).update(credit=CreditChoice.NAMED)
    Person.objects.filter(pk=cast.ben.pk).update(display_name="Ben Odhiambo", credentials="MD, radiology")
    voting.opened(cast, 4)
    Question.objects.update(organ_system="chest", department="radiology", modality="x_ray")
    for person in cast.annotators:
        for number in range(4):
            against = person == cast.carla and number == 0
            voting.vote(cast.study, person, "a", **({"accuracy": "b"} if against else {}))
    return cast


@pytest.fixture
def preferences(voted: Cast) -> Release:
    """What was voted, frozen."""
    return freeze_preferences(study=voted.study, name="Votes", by=voted.lena)


@pytest.fixture
def traces(cast: Cast) -> Release:
    """Three traces, one of them reviewed by two who differ on the whole trace."""
    of = making.source(cast.study)
    made = [making.trace(making.question(cast.study, of, n), making.endpoint()) for n in range(3)]
    making.review(made[0], cast.anna)
    making.review(made[0], cast.ben, decision="edited")
    making.review(made[1], cast.ben)
    return freeze_traces(study=cast.study, name="Reasoning", by=cast.lena)


def refrozen(cast: Cast, earlier: Release, name: str) -> Release:
    """The traces of the study as they are now, derived from an earlier release."""
    assert Trace.objects.exists()
    assert Source.objects.exists()
    return freeze_traces(study=cast.study, name=name, by=cast.lena, derived_from=earlier)
