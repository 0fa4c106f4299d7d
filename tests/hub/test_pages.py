"""Pages of pushes and of the token: what people see and send."""

import pytest
from django.test import Client

from consilium.hub.models import HubToken, Push
from consilium.hub.registry import Content
from consilium.people.models import Person
from curation.models import Release
from tests.factories.cast import Cast
from tests.factories.world import waiting_push
from tests.hub.conftest import run
from tests.hub.loopback_hub import TOKEN, LoopbackHub

pytestmark = pytest.mark.django_db
PUSHES = "/s/chest/pushes/"


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_lead_pushes_from_the_release_and_finds_it_on_the_page(
    cast: Cast, hub: LoopbackHub, token: str, content: Content
) -> None:
    lead = browser(cast.lena)
    assert "Nothing was pushed yet" in page(lead, PUSHES)
    shown = page(lead, content.page)
    assert "Not pushed yet" in shown
    assert TOKEN not in shown
    fields = {"repo_id": "clinic/chest-traces", "seen_by": "private", "gated": ""}
    answer = lead.post(f"/s/chest/pushes/release/{content.pk}/start/", fields, follow=True)
    assert "It is on the queue" in answer.content.decode()
    push = Push.objects.get()
    run(push)
    for address in (PUSHES, content.page):
        shown = page(lead, address)
        assert push.commit_url in shown
        assert push.tag in shown
        assert "Private" in shown


def test_what_is_refused_is_said_on_the_page_of_the_release(cast: Cast, token: str, content: Content) -> None:
    lead = browser(cast.lena)
    for fields, words in (
        ({"repo_id": "chest", "seen_by": "private"}, "OWNER/NAME"),
        ({"repo_id": "clinic/x", "seen_by": "nobody"}, "valid choice"),
        ({}, "required"),
    ):
        answer = lead.post(f"/s/chest/pushes/release/{content.pk}/start/", fields, follow=True)
        assert words in answer.content.decode()
    assert not Push.objects.exists()
    for address in (
        f"/s/chest/pushes/release/{content.pk + 99}/start/",
        f"/s/chest/pushes/nothing/{content.pk}/start/",
    ):
        assert lead.post(address).status_code == 404
    # Of another study: as if it did not exist.
    assert browser(cast.nora).post(f"/s/other/pushes/release/{content.pk}/start/").status_code == 404


def test_without_a_token_the_page_says_who_sets_one(
    cast: Cast, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    lead = browser(cast.lena)
    assert "An operator sets one" in page(lead, content.page)
    assert "before an operator has set a token" in page(lead, PUSHES)


def test_a_public_push_is_confirmed_by_another_lead_on_the_page(
    cast: Cast, hub: LoopbackHub, token: str, content: Content, release: Release
) -> None:
    lena, max_ = browser(cast.lena), browser(cast.max)
    fields = {"repo_id": "clinic/chest-traces", "seen_by": "public", "gated": "auto"}
    lena.post(f"/s/chest/pushes/release/{content.pk}/start/", fields)
    push = Push.objects.get()
    mine = page(lena, PUSHES)
    assert ("Take it back" in mine, "Confirm: make it public" in mine) == (True, False)
    assert "Another lead" in page(lena, content.page)
    answer = lena.post(f"/s/chest/pushes/{push.pk}/confirm/", follow=True)
    assert "asked for this yourself" in answer.content.decode()
    assert "Confirm: make it public" in page(max_, PUSHES)
    max_.post(f"/s/chest/pushes/{push.pk}/confirm/")
    push.refresh_from_db()
    assert run(push).state == "succeeded"
    assert "confirmed by Max" in page(lena, PUSHES)
    other = waiting_push(release, cast.max)
    answer = lena.post(f"/s/chest/pushes/{other.pk}/decline/", follow=True)
    assert "declined by Lena" in answer.content.decode()


def test_the_operator_sets_checks_and_removes_the_token(
    cast: Cast, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    otto = browser(cast.otto)
    assert "There is none" in page(otto, "/hub/")
    answer = otto.post("/hub/", {"secret": "two words"})
    assert (answer.status_code, b"no access token" in answer.content) == (422, True)
    answer = otto.post("/hub/", {"secret": TOKEN}, follow=True)
    shown = answer.content.decode()
    assert f"…{TOKEN[-4:]}" in shown
    assert TOKEN not in shown
    assert "not checked yet" in shown
    answer = otto.post("/hub/check/", follow=True)
    assert "is asked" in answer.content.decode()
    otto.post("/hub/remove/")
    assert not HubToken.objects.exclude(sealed="").exists()


def test_the_environments_token_has_no_form(cast: Cast, token: str) -> None:
    shown = page(browser(cast.otto), "/hub/")
    assert "from the environment" in shown
    assert "Set a token" not in shown
