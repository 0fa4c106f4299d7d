"""The leads' pages: who may see them, what they show, and that they do not ask the database row by row."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.adjudication import vote_blind
from annotation.models import Case, Consensus
from annotation.states import CaseState
from annotation.templatetags.labels import label_strip
from consilium.jobs.models import Job
from consilium.people.models import Person
from tests.factories import annotation as making
from tests.factories.cast import Cast

PAGES = ("cases", "rounds", "agreement")
POSTS = ("ask-models", "open-round")
STATUS = {"anna": 403, "rosa": 403, "lena": 200, "otto": 404, "nora": 404}


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def at(name: str, cast: Cast, **more: Any) -> str:
    return reverse(f"annotation:{name}", kwargs={"study": cast.study.slug, **more})


@pytest.mark.parametrize(("who", "status"), STATUS.items())
def test_only_leads_of_the_study_see_the_pages(cast: Cast, who: str, status: int) -> None:
    making.opened(cast)
    case = making.only_case()
    client = browser(getattr(cast, who))
    for name in PAGES:
        assert client.get(at(name, cast)).status_code == status
    assert client.get(at("case", cast, pk=case.pk)).status_code == status
    refused = status if status != 200 else None
    for name in POSTS:
        found = client.post(at(name, cast), {}).status_code
        assert found == (refused or 422)
    if refused:
        assert client.post(at("exclude-case", cast, pk=case.pk), {"reason": "x"}).status_code == refused
        assert client.post(at("close-round", cast, pk=case.round_id), {}).status_code == refused
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_nobody_gets_in_without_login(cast: Cast, client: Client) -> None:
    for name in PAGES:
        assert client.get(at(name, cast)).status_code == 302


def test_a_case_of_another_study_is_not_found(cast: Cast) -> None:
    making.opened(cast)
    url = reverse("annotation:case", kwargs={"study": "other", "pk": making.only_case().pk})
    assert browser(cast.nora).get(url).status_code == 404
    assert browser(cast.lena).get(at("case", cast, pk=10**25)).status_code == 404


def test_models_are_named_only_when_the_case_is_settled(cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0)
    making.opened(cast)
    client = browser(cast.lena)
    url = at("case", cast, pk=making.only_case().pk)
    before = client.get(url).content.decode() + client.get(at("cases", cast)).content.decode()
    for person in cast.annotators:
        making.vote(cast.study, person, "a")
    after = client.get(url).content.decode()
    for name in making.MODELS:
        assert name not in before
        assert name in after
    for person in cast.annotators:
        assert f">{person.display_name}<" not in after
    assert "P-" in after
    assert "Settled" in after


def test_the_history_does_not_name_the_senior(cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0)
    making.opened(cast)
    for person in cast.annotators:
        making.vote(cast.study, person, "a", harm="both")
    claim = making.claim(cast.study, cast.rosa, "adjudicate")
    vote_blind(claim=claim, by=cast.rosa, choices=making.content()["choices"], reasons={})
    shown = browser(cast.lena).get(at("case", cast, pk=making.only_case().pk)).content.decode()
    assert "an adjudicator, " in shown
    assert str(cast.rosa) not in shown


def test_the_list_filters_by_state_and_does_not_grow_its_queries(
    cast: Cast, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    making.set_up(cast.study, quiet_hours=0)
    making.opened(cast, questions=8)
    for _ in range(3):
        for person in cast.annotators:
            making.vote(cast.study, person, "a")
    client = browser(cast.lena)
    with django_assert_max_num_queries(16):
        page = client.get(at("cases", cast))
    assert len(page.context["page"].object_list) == 8
    settled = client.get(at("cases", cast), {"state": "settled"})
    assert {case.state for case in settled.context["page"].object_list} == {"settled"}
    assert {case.voted for case in settled.context["page"].object_list} == {3}
    assert [shown.context["page"].paginator.count for shown in (page, settled)] == [8, 3]
    assert [entry["count"] for entry in settled.context["filters"] if entry["current"]] == [3]
    with django_assert_max_num_queries(30):
        assert client.get(at("rounds", cast)).status_code == 200
    with django_assert_max_num_queries(24):
        assert client.get(at("agreement", cast)).status_code == 200


def test_the_strip_of_labels_says_how_each_came_about() -> None:
    entries = {
        "accuracy": Consensus(label="A", votes_a=2, votes_b=1),
        "relevance": Consensus(label="", votes_a=1, votes_b=1),
        "overall": Consensus(label="B", votes_a=1, votes_b=2, is_adjudicated=True),
    }
    strip = label_strip(entries)
    letters = strip.removeprefix('<span class="label-strip">').removesuffix("</span>")
    assert letters.split("</span>")[:-1] == [
        '<span title="Accuracy: A, votes 2 to 1">A',
        '<span title="Relevance: no label, votes 1 to 1">?',
        '<span title="Comprehensiveness: no label">?',
        '<span title="Creativity: no label">?',
        '<span title="Responsiveness: no label">?',
        '<span title="Overall: B, votes 1 to 2, decided by an adjudicator" data-adjudicated>B',
    ]


def test_the_list_shows_labels_only_where_they_stand(cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0)
    making.opened(cast, questions=2)
    for person in cast.annotators:
        making.vote(cast.study, person, "a")
    client = browser(cast.lena)
    shown = client.get(at("cases", cast)).content.decode()
    assert shown.count('<span class="label-strip">') == 1
    assert shown.count("votes 3 to 0") + shown.count("votes 0 to 3") == 6
    Case.objects.update(state=CaseState.DISPUTED)
    disputed = client.get(at("cases", cast)).content.decode()
    assert "label-strip" not in disputed
    assert disputed.count("waits for an adjudicator") == 2


def test_a_lead_asks_models_opens_a_round_and_closes_it(cast: Cast) -> None:
    making.answered(cast.study, 2)
    client = browser(cast.lena)
    from consilium.inference.models import ModelEndpoint

    fresh = ModelEndpoint.objects.create(
        name="third", base_url="http://127.0.0.1:9/v1", model_id="third", family="x"
    )
    answer = client.post(at("ask-models", cast), {"endpoints": [fresh.pk]})
    assert answer.status_code == 302
    assert Job.objects.get().params == {"endpoint": fresh.pk}
    page = client.get(at("rounds", cast))
    assert "Collecting answers" in page.content.decode()
    assert page.context["progress"].can_pair == 2
    assert client.post(at("open-round", cast), {"name": "First", "limit": "1"}).status_code == 302
    assert Case.objects.count() == 1
    again = client.post(at("open-round", cast), {"name": "First"})
    assert again.status_code == 422
    assert "choose another name" in again.content.decode()
    opened = making.only_case().round
    assert opened is not None
    assert client.post(at("close-round", cast, pk=opened.pk)).status_code == 302
    opened.refresh_from_db()
    assert opened.closed_at is not None


def test_agreement_is_shown_or_stated_as_undefined(cast: Cast) -> None:
    client = browser(cast.lena)
    assert "No votes yet" in client.get(at("agreement", cast)).content.decode()
    making.set_up(cast.study, quiet_hours=0)
    making.opened(cast, questions=3)
    for letters in ("aaa", "aab", "bba"):
        for person, letter in zip(cast.annotators, letters, strict=True):
            making.vote(cast.study, person, letter, creativity="a")
    page = client.get(at("agreement", cast))
    shown = page.content.decode()
    assert ">undefined<" in shown  # creativity: everybody always chose one side
    assert "No Fleiss kappa for creativity" in shown
    overall = page.context["figures"].rows[-1]
    assert overall.percent.value == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)
    assert page.context["rows"][-1][2] == {
        "dimension": "overall",
        "adjudicator": 0,
        "split": 2,
        "unanimous": 1,
    }


def test_the_agreement_page_leads_to_what_would_be_frozen(cast: Cast) -> None:
    page = browser(cast.lena).get(at("agreement", cast)).content.decode()
    assert f'href="{reverse("curation:new-release", args=["chest"])}?kind=preferences"' in page


def test_a_case_is_left_out_with_a_reason(cast: Cast) -> None:
    making.opened(cast)
    case = making.only_case()
    client = browser(cast.lena)
    client.post(at("exclude-case", cast, pk=case.pk), {"reason": ""})
    client.post(at("exclude-case", cast, pk=case.pk), {"reason": "NUL \x00"})
    case.refresh_from_db()
    assert case.state == CaseState.OPEN
    client.post(at("exclude-case", cast, pk=case.pk), {"reason": "Blurred"})
    shown = client.get(at("case", cast, pk=case.pk)).content.decode()
    assert "left out because “Blurred”" in shown
