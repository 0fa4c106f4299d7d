"""Nobody gets more than they have: roles, foreign studies, fields that no form offers, old sessions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from consilium.people import invitations
from consilium.people.models import Invitation, Membership, Person, Role
from tests.factories.cast import PASSWORD, Cast

ROOT = Path(__file__).resolve().parents[2]
COOKIES = ("SESSION", "CSRF")
NEW = "another very long password"
# What somebody would like to be, in every spelling that a model or a form might know.
MORE = {
    "is_operator": "on",
    "is_superuser": "1",
    "is_staff": "1",
    "has_notices": "1",
    "person": "1",
    "person_id": "1",
    "study": "other",
    "created_by": "1",
    "accepted_at": "2020-01-01",
    "id": "1",
    "pk": "1",
}


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def roles(person: Person) -> list[tuple[str, str, bool]]:
    found = Membership.objects.filter(person=person).order_by("study__slug")
    return list(found.values_list("study__slug", "role", "is_active"))


@pytest.mark.django_db
def test_a_lead_cannot_edit_their_own_role_or_people_of_another_study(cast: Cast) -> None:
    client = browser(cast.lena)
    own = Membership.objects.get(person=cast.lena)
    foreign = Membership.objects.get(person=cast.nora)
    assert client.post(reverse("people:remove-member", args=["chest", own.pk])).status_code == 403
    for study in ("chest", "other"):
        address = reverse("people:remove-member", args=[study, foreign.pk])
        assert client.post(address).status_code == 404
    assert client.post("/s/other/members/", {"display_name": "New", "role": "lead"}).status_code == 404
    assert (roles(cast.lena), roles(cast.nora)) == ([("chest", "lead", True)], [("other", "lead", True)])


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["operator", "superuser", "", "system"])
def test_no_invitation_makes_an_operator(cast: Cast, role: str) -> None:
    browser(cast.lena).post("/s/chest/members/", {"display_name": "New", "role": role} | MORE)
    assert not Invitation.objects.exists()


@pytest.mark.django_db
def test_fields_that_no_form_offers_change_nothing(cast: Cast) -> None:
    _, token = invitations.invite(study=cast.study, display_name="Dora", role="annotator", by=cast.lena)
    sent = {"username": "dora", "password": NEW, "again": NEW, "role": "lead"}
    assert Client().post(reverse("people:join", args=[token]), sent | MORE).status_code == 302
    dora = Person.objects.get(username="dora")
    assert (dora.is_operator, dora.has_notices, roles(dora)) == (False, False, [("chest", "annotator", True)])
    browser(cast.anna).post(reverse("people:take-part", args=["chest"]), MORE | {"role": "lead"})
    settings = {**cast.study.settings.to_json(), **MORE, "protocol_hash": "x", "slug": "mine"}
    browser(cast.lena).post("/s/chest/settings/", settings)
    cast.study.refresh_from_db()
    assert (cast.study.slug, cast.study.protocol_hash) == ("chest", "")
    assert not Person.objects.filter(is_operator=True).exclude(pk=cast.otto.pk).exists()


@pytest.mark.django_db
def test_a_changed_password_ends_the_other_sessions(cast: Cast) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.post("/accounts/login/", {"login": "anna", "password": PASSWORD})
        assert client.get("/s/chest/work/").status_code == 200
    before = here.cookies["sessionid"].value
    change = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post("/accounts/password/change/", change).status_code == 302
    assert here.get("/s/chest/work/").status_code == 200
    assert here.cookies["sessionid"].value != before
    assert elsewhere.get("/s/chest/work/").headers["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_a_changed_role_holds_at_the_next_request_of_a_running_session(cast: Cast) -> None:
    client = browser(cast.lena)
    assert client.get("/s/chest/members/").status_code == 200
    Membership.objects.filter(person=cast.lena).update(role=Role.ANNOTATOR)
    assert client.get("/s/chest/members/").status_code == 403
    Membership.objects.filter(person=cast.lena).update(is_active=False)
    assert client.get("/s/chest/work/").status_code == 404


def test_behind_tls_cookies_are_for_this_host_alone(tmp_path: Path) -> None:
    names = [f"{of}_COOKIE_{what}" for what in ("NAME", "SECURE", "HTTPONLY", "SAMESITE") for of in COOKIES]
    code = f"import json, consilium.settings as s; print(json.dumps([getattr(s, n) for n in {names}]))"
    environment = os.environ | {"CONSILIUM_HOME": str(tmp_path), "CONSILIUM_HTTPS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["__Host-session", "__Host-csrf", *[True] * 4, "Lax", "Lax"]
