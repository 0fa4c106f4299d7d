"""The demo study beside real people."""

import pytest

from consilium.people.models import Person, Study
from consilium.refusals import NameTaken
from consilium.workqueue.claim import next_claim
from consilium.workqueue.models import Kind, Submission
from curation.states import TraceState
from curation.traces.review import open_reviews
from dashboard.demo import clinicians
from dashboard.demo.people import CAST, make_demo_people
from tests.factories import curation as making
from tests.factories.cast import Cast

pytestmark = pytest.mark.django_db


def test_people_are_made_once_and_their_passwords_told_once() -> None:
    study, passwords = make_demo_people()
    assert set(passwords) == {name for name, _, _ in CAST}
    assert all(Person.objects.get(username=name).check_password(word) for name, word in passwords.items())
    assert make_demo_people() == (study, {})


def test_the_demo_never_acts_in_the_name_of_a_stranger() -> None:
    Person.objects.create_user("lena", "a long test password")
    with pytest.raises(NameTaken, match="'lena'"):
        make_demo_people()
    assert (Person.objects.count(), Study.objects.count()) == (1, 0)


def test_a_reader_goes_on_although_a_visitor_opened_other_work(cast: Cast) -> None:
    question = making.question(cast.study, making.source(cast.study), 1)
    making.trace(question, making.endpoint(), TraceState.CHECKED)
    open_reviews(study=cast.study, name="Round", by=cast.lena)
    held = next_claim(study=cast.study, person=cast.anna, kind=Kind.REVIEW)
    assert held is not None
    assert clinicians._next(cast.study, cast.anna, Kind.COMPARE) is None
    held.refresh_from_db()
    assert held.state == "postponed"


def test_an_invented_reader_takes_a_while_over_each_piece(cast: Cast) -> None:
    of = making.source(cast.study)
    for number in (1, 2):
        making.trace(making.question(cast.study, of, number), making.endpoint(), TraceState.CHECKED)
    open_reviews(study=cast.study, name="Round", by=cast.lena)
    assert clinicians.work_through(study=cast.study, person=cast.anna, kind=Kind.REVIEW, limit=2) == 2
    seconds = list(Submission.objects.values_list("active_seconds", flat=True))
    assert [40 <= each <= 180 for each in seconds] == [True, True]
    assert len(set(seconds)) == 2
