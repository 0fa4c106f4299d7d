"""Getting in: login, its limits, invitations, resets, deactivated accounts."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from consilium.audit.models import AuditEvent
from consilium.people import invitations
from consilium.people.models import Membership, Person
from tests.factories.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def log_in(name: str, password: str = PASSWORD) -> tuple[Client, int]:
    """A fresh browser that tried to log in, and the status it got."""
    browser = Client()
    return browser, browser.post(LOGIN, {"login": name, "password": password}).status_code


def test_a_person_logs_in_and_lands_at_home(cast: Cast) -> None:
    browser, status = log_in("lena")
    assert status == 302
    assert browser.get("/", follow=True).status_code == 200


def test_a_wrong_password_says_the_same_as_an_unknown_name(cast: Cast) -> None:
    known = Client().post(LOGIN, {"login": "lena", "password": "wrong password"})
    unknown = Client().post(LOGIN, {"login": "nobody", "password": "wrong password"})
    messages = [
        re.findall(r'role="alert">.*?</div>\s*</div>', r.content.decode(), re.DOTALL)
        for r in (known, unknown)
    ]
    assert known.status_code == unknown.status_code == 200
    assert messages[0] == messages[1] != []


def test_many_wrong_passwords_are_slowed_down_for_that_name_only(cast: Cast) -> None:
    browser = Client()
    for _ in range(12):
        browser.post(LOGIN, {"login": "lena", "password": "wrong password"})
    assert b"too fast" in browser.post(LOGIN, {"login": "lena", "password": PASSWORD}).content
    assert log_in("max")[1] == 302


def test_a_deactivated_person_is_out_at_the_next_request(cast: Cast) -> None:
    browser, _ = log_in("anna")
    invitations.set_active(person=cast.anna, is_active=False, by=cast.otto)
    assert browser.get("/").status_code == 302
    assert LOGIN in browser.get("/")["Location"]


def test_sign_up_is_closed(cast: Cast) -> None:
    assert Client().get("/accounts/signup/").status_code == 404


def test_an_invited_person_makes_an_account_and_is_a_member(cast: Cast) -> None:
    lead, _ = log_in("lena")
    page = lead.post(
        reverse("people:members", args=["chest"]),
        {"display_name": "Dr. Dora", "role": "annotator", "specialty": ""},
    )
    found = re.search(r"/join/[\w-]+/", page.content.decode())
    assert found is not None
    link = found.group()
    password = "a very long new password"
    guest = Client()
    assert guest.get(link).status_code == 200
    assert guest.post(link, {"username": "dora", "password": password, "again": "other"}).status_code == 200
    assert guest.post(link, {"username": "dora", "password": password, "again": password}).status_code == 302
    assert Membership.objects.get(person__username="dora").role == "annotator"
    assert log_in("dora", password)[1] == 302
    assert guest.get(link).status_code == 404


@pytest.mark.parametrize("name", ["lena", "Bad Name", ""])
def test_a_taken_or_bad_user_name_is_refused_and_the_link_stays_good(cast: Cast, name: str) -> None:
    _, token = invitations.invite(study=cast.study, display_name="Dora", role="annotator", by=cast.lena)
    password = "a very long new password"
    link = reverse("people:join", args=[token])
    assert Client().post(link, {"username": name, "password": password, "again": password}).status_code == 200
    assert Client().get(link).status_code == 200


def test_an_operator_resets_a_password_without_e_mail(cast: Cast) -> None:
    Authenticator.objects.create(user=cast.anna, type=Authenticator.Type.TOTP, data={"secret": "x"})
    _, token = invitations.issue_reset(person=cast.anna, by=cast.otto)
    password = "another very long password"
    Client().post(reverse("people:join", args=[token]), {"password": password, "again": password})
    assert log_in("anna", password)[1] == 302
    assert log_in("anna")[1] == 200
    assert Person.objects.filter(username="anna").count() == 1
    assert not Authenticator.objects.exists()


def test_tokens_are_stored_as_hashes_only(cast: Cast) -> None:
    invitation, token = invitations.invite(
        study=cast.study, display_name="Dora", role="annotator", by=cast.lena
    )
    stored = str(list(invitation.__class__.objects.values())) + str(list(AuditEvent.objects.values()))
    assert token not in stored


def test_login_makes_a_new_session_and_logout_ends_it(cast: Cast) -> None:
    browser = Client()
    browser.get(LOGIN)
    assert browser.cookies["csrftoken"]["httponly"]
    session = browser.session
    session["seen"] = 1
    session.save()
    before = str(session.session_key)
    browser.cookies["sessionid"] = before
    browser.post(LOGIN, {"login": "lena", "password": PASSWORD})
    inside = browser.cookies["sessionid"].value
    assert inside != before
    browser.post("/accounts/logout/")
    thief = Client()
    thief.cookies["sessionid"] = inside
    assert thief.get("/").status_code == 302


def test_a_reset_keeps_a_deactivation_that_came_in_between(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = invitations.issue_reset(person=cast.anna, by=cast.otto)

    def meanwhile(password: str, person: Person) -> None:
        Person.objects.filter(pk=person.pk).update(is_active=False)

    monkeypatch.setattr(invitations, "validate_password", meanwhile)
    invitations.accept(token=token, username="", password="a very long new password")
    assert not Person.objects.get(pk=cast.anna.pk).is_active


def test_a_used_reset_link_ends_the_other_ones(cast: Cast) -> None:
    tokens = [invitations.issue_reset(person=cast.anna, by=cast.otto)[1] for _ in range(2)]
    invitations.accept(token=tokens[1], username="", password="a very long new password")
    with pytest.raises(invitations.InvitationUnusable):
        invitations.find_invitation(tokens[0])


def after_login(sent: Any) -> str:
    """Where a person stands who was asked to log in by this answer, and then did."""
    asked = sent.headers.get("HX-Redirect") or sent.headers["Location"]
    return Client().post(asked, {"login": "anna", "password": PASSWORD}).headers["Location"]


def test_after_a_button_of_an_ended_session_the_person_stands_where_it_was(cast: Cast) -> None:
    start, page = reverse("work:next", args=["chest", "compare"]), reverse("work:queue", args=["chest"])
    for referer, stands in (
        (f"http://testserver{page}?from=here", f"{page}?from=here"),
        ("", "/"),
        (f"http://elsewhere.example{page}", "/"),
        ("http://testserver//elsewhere.example/", "/"),
        ("http://testserver/no/such/page/", "/"),
        (f"http://testserver{start}", "/"),  # a refusal was shown at the button's own address
    ):
        sent = Client().post(start, headers={"Referer": referer} if referer else {})
        assert after_login(sent) == stands, referer
    assert after_login(Client().get(f"{page}?from=here")) == f"{page}?from=here"


def test_a_fragment_of_an_ended_session_sends_the_whole_page_to_the_login(cast: Cast) -> None:
    page = reverse("training:runs", args=["chest"])
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}
    for send in (Client().get, Client().post):
        sent = send(reverse("work:queue", args=["chest"]), headers=headers)
        assert (sent.status_code, sent.content) == (200, b"")
        assert after_login(sent) == page
