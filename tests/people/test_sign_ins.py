"""Logins, failed logins and logouts are on record, and what was typed is not."""

import json

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from consilium.audit.models import AuditEvent
from consilium.people.sign_ins import keyed_hash
from tests.factories.cast import PASSWORD, Cast

LOGIN = "/accounts/login/"


def sign_in(name: str, password: str = PASSWORD) -> Client:
    client = Client()
    client.post(LOGIN, {"login": name, "password": password})
    return client


def events() -> list[AuditEvent]:
    return list(AuditEvent.objects.order_by("sequence"))


def test_a_login_and_a_logout_are_on_record_with_a_hash_of_the_address(cast: Cast) -> None:
    sign_in("anna").post("/accounts/logout/")
    came, left = events()
    assert (came.action, came.actor, came.chain) == ("person.logged_in", cast.anna, "system")
    assert (left.action, left.actor) == ("person.logged_out", cast.anna)
    assert came.data == left.data == {"address": keyed_hash("address", "127.0.0.1")}


def test_a_wrong_password_is_on_record_under_the_account_and_by_nobody(cast: Cast) -> None:
    sign_in("Anna", "not her password")
    (tried,) = events()
    assert (tried.action, tried.actor, tried.object_id) == ("person.login_failed", None, str(cast.anna.pk))
    assert set(tried.data) == {"address"}
    assert "not her password" not in json.dumps(tried.content())


@pytest.mark.parametrize(
    "name", ["my password by mistake", "x\r\n<13>1 forged line", "\u202eevil", "a\u2028b"]
)
def test_a_name_that_nobody_has_is_on_record_as_a_hash(cast: Cast, name: str) -> None:
    sign_in(name, "whatever it is")
    (tried,) = events()
    assert (tried.object_id, set(tried.data)) == ("0", {"name", "address"})
    assert len(tried.data["name"]) == 16
    assert name.strip() not in json.dumps(tried.content(), ensure_ascii=False)


def test_a_login_that_waits_for_the_second_factor_is_none_yet(cast: Cast) -> None:
    Authenticator.objects.create(user=cast.anna, type=Authenticator.Type.TOTP, data={"secret": "x"})
    sign_in("anna")
    assert events() == []


def test_a_wrong_code_is_on_record_and_the_code_is_not(cast: Cast) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    Authenticator.objects.create(user=cast.anna, type=Authenticator.Type.TOTP, data={"secret": secret})
    client = sign_in("anna")
    assert client.post("/accounts/2fa/authenticate/", {"code": "12x456"}).status_code == 200
    (tried,) = events()
    assert (tried.action, tried.actor, tried.object_id) == ("person.code_failed", None, str(cast.anna.pk))
    assert set(tried.data) == {"address"}
    assert "12x456" not in json.dumps(tried.content())


def test_leaving_without_having_been_there_leaves_no_record(cast: Cast) -> None:
    Client().post("/accounts/logout/")
    assert events() == []
