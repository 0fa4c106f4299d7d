"""What stays hidden after a vote, from whom voted, from who decides, and from those who get the data."""

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Case
from annotation.release import freeze_preferences
from consilium.inference.models import ModelEndpoint
from consilium.people.models import Membership, Person, Role, pseudonym
from consilium.workqueue.claim import next_claim
from consilium.workqueue.models import Claim, Kind, WorkItem
from curation.releases.freeze import rows_of
from tests.factories import annotation as making
from tests.factories.cast import Cast

pytestmark = pytest.mark.django_db


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_who_voted_on_a_case_never_adjudicates_it(cast: Cast) -> None:
    """Also when the role came after the vote."""
    making.set_up(cast.study, quiet_hours=0, senior_on_any_split=True)
    making.opened(cast)
    for person, letter in zip(cast.annotators, "aba", strict=True):
        making.vote(cast.study, person, letter)
    Membership.objects.filter(person=cast.anna).update(role=Role.ADJUDICATOR)
    assert next_claim(study=cast.study, person=cast.anna, kind=Kind.ADJUDICATE) is None
    rosas = making.claim(cast.study, cast.rosa, Kind.ADJUDICATE)
    for address in ("annotation:adjudicate", "annotation:blind"):
        client = browser(cast.anna)
        assert client.get(reverse(address, args=[rosas.token])).status_code in (404, 405)
        assert client.post(reverse(address, args=[rosas.token])).status_code in (404, 405)
    assert WorkItem.objects.get(kind=Kind.ADJUDICATE).excluded.filter(pk=cast.anna.pk).exists()


def test_after_the_vote_models_votes_and_labels_stay_hidden_from_whom_voted(cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0)
    making.opened(cast)
    making.vote(cast.study, cast.anna)
    token = Claim.objects.get(person=cast.anna).token
    pages = ["/s/chest/work/", "/s/chest/work/compare/finished/", reverse("annotation:compare", args=[token])]
    hidden = [*making.MODELS, "Ben", "Carla", "decided by", "to 0"]
    hidden += [pseudonym(cast.study.pk, person.pk) for person in (cast.ben, cast.carla)]

    def seen() -> dict[str, str]:
        client = browser(cast.anna)
        answers = {page: client.get(page) for page in pages}
        return {page: answer.content.decode() + str(answer.headers) for page, answer in answers.items()}

    for others in (cast.ben, cast.carla):
        for page, text in seen().items():
            assert not [word for word in hidden if word in text], page
        making.vote(cast.study, others)
    case = Case.objects.get()
    assert case.state == "settled"
    for page, text in seen().items():
        assert not [word for word in hidden if word in text], page
    client = browser(cast.anna)
    assert client.get(reverse("annotation:compare", args=[token])).status_code == 410
    for lead_page in (reverse("annotation:case", args=["chest", case.pk]), "/s/chest/cases/"):
        assert client.get(lead_page).status_code == 403


def test_a_release_says_how_many_voted_and_never_who(cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0)
    making.opened(cast)
    for person in cast.annotators:
        making.vote(cast.study, person)
    release = freeze_preferences(study=cast.study, name="Preferences 1", by=cast.lena)
    text = json.dumps(list(rows_of(release).values_list("content", flat=True)))
    for person in Person.objects.all():
        for name in (person.username, person.display_name, pseudonym(cast.study.pk, person.pk)):
            assert not re.search(rf"\b{name}\b", text), name


def test_which_model_wrote_an_answer_changes_no_byte_and_no_query(cast: Cast) -> None:
    """The same case with its models exchanged: a reader gets the same pages by the same work."""
    making.opened(cast)
    claim = making.claim(cast.study, cast.anna)
    client = browser(cast.anna)
    address = reverse("annotation:compare", args=[claim.token])
    client.get(address)  # what the first look stores is stored now

    def seen() -> list[object]:
        found: list[object] = []
        for where in (address, "/s/chest/work/", reverse("work:session")):
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(where)
            text = re.sub(r'(?<=")\w{64}(?=")', "", answer.content.decode())  # the token of forms
            headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
            # Either would tell one stored answer from another, and neither is sent.
            assert not {"ETag", "Last-Modified"} & set(headers)
            assert len(text) > 20
            found += [text, headers, [re.sub(r"'[^']*'|\d+", "?", each["sql"]) for each in queries]]
        return found

    case = Case.objects.get()
    before = seen()
    first, second = case.response_a.endpoint_id, case.response_b.endpoint_id
    spare = ModelEndpoint.objects.create(name="spare", path="spare", family="spare")
    for response, endpoint in (
        (case.response_a, spare.pk),
        (case.response_b, first),
        (case.response_a, second),
    ):
        type(response).objects.filter(pk=response.pk).update(endpoint=endpoint)
    assert seen() == before


def test_a_page_sends_both_answers_whole_and_at_once(cast: Cast) -> None:
    making.opened(cast)
    claim = making.claim(cast.study, cast.anna)
    answer = browser(cast.anna).get(reverse("annotation:compare", args=[claim.token]))
    assert not answer.streaming
    case = Case.objects.get()
    for response in (case.response_a, case.response_b):
        assert response.text.splitlines()[0] in answer.content.decode()
