"""Who guesses waits longer and longer; no stranger makes others wait; nothing tells names apart."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from consilium.people import attempts, invitations
from consilium.people.models import AttemptCount, Person
from tests.factories.cast import PASSWORD, Cast
from tests.harness.races import raced
from tests.harness.servers import new_database
from tests.people import race_attempts

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
START = datetime(2026, 3, 12, 14, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Any]:
    """A clock that stands still until a test moves it; hashes that cost nothing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with time_machine.travel(START, tick=False) as moved:
        yield moved


def log_in(name: str, password: str, address: str = "10.0.0.1", **headers: str) -> Any:
    return Client().post(LOGIN, {"login": name, "password": password}, REMOTE_ADDR=address, headers=headers)


def fail(times: int, name: str = "anna", address: str = "10.0.0.1", **headers: str) -> list[int]:
    return [log_in(name, "wrong", address, **headers).status_code for _ in range(times)]


def test_five_mistakes_are_free_and_then_each_doubles_the_wait(cast: Cast, clock: Any) -> None:
    assert fail(5) == [200] * 5
    waits = []
    for _ in range(10):
        refused = log_in("anna", "wrong")
        assert refused.status_code == 429
        waits.append(int(refused.headers["Retry-After"]))
        clock.shift(waits[-1] - 1)
        assert log_in("anna", "wrong").headers["Retry-After"] == "1"
        clock.shift(1)
        assert log_in("anna", "wrong").status_code == 200
        if sum(waits) > 2000:
            break
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900][: len(waits)]
    clock.shift(timedelta(hours=1))
    assert fail(5) == [200] * 5


def test_the_page_says_how_long_to_wait_and_the_right_password_works_then(cast: Cast, clock: Any) -> None:
    fail(5)
    refused = log_in("anna", PASSWORD)
    assert refused.status_code == 429
    assert "There were too many failed attempts. Wait 5 seconds, then try again." in refused.content.decode()
    assert f'href="{LOGIN}"' in refused.content.decode()
    wanted = Client(REMOTE_ADDR="10.0.0.1").post(
        LOGIN, {"login": "anna", "password": "x", "next": "/s/chest/"}
    )
    assert f'href="{LOGIN}?next=%2Fs%2Fchest%2F"' in wanted.content.decode()
    clock.shift(5)
    assert log_in("anna", PASSWORD).status_code == 302
    assert fail(5) == [200] * 5


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:{n}"},
        {"Host": "127.0.0.{n}"},
        {"X-Forwarded-For": "10.9.9.{n}"},
        {"X-Real-IP": "10.9.9.{n}", "Forwarded": "for=10.9.9.{n}"},
        {"User-Agent": "{n}"},
    ],
)
def test_no_header_of_the_client_gives_new_tries(cast: Cast, settings: Any, headers: dict[str, str]) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    got = [
        fail(1, **{name: value.format(n=number) for name, value in headers.items()})[0]
        for number in range(1, 9)
    ]
    assert got == [200] * 5 + [429] * 3


def test_spelling_a_name_differently_gives_no_new_tries(cast: Cast) -> None:
    got = [fail(1, name)[0] for name in ("anna", "Anna", " anna", "ANNA ", "aNNa", "anna", "AnnA")]
    assert got == [200] * 5 + [429] * 2


def test_behind_a_proxy_the_address_is_what_the_proxy_says(cast: Cast, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    sent = {"X-Forwarded-For": "1.1.1.1, 10.0.0.7"}
    assert fail(6, address="127.0.0.1", **sent)[-1] == 429
    assert fail(1, address="127.0.0.1", **{"X-Forwarded-For": "2.2.2.2, 10.0.0.7"}) == [429]
    assert fail(1, address="127.0.0.1", **{"X-Forwarded-For": "10.0.0.8"}) == [200]


def test_one_network_of_ipv6_is_one_address(cast: Cast) -> None:
    assert [fail(1, address=f"2001:db8:1:2::{n}")[0] for n in range(1, 8)] == [200] * 5 + [429] * 2
    assert fail(1, address="2001:db8:1:3::1") == [200]
    assert fail(6, "ben", "::ffff:10.0.0.9")[-1] == fail(1, "ben", "10.0.0.9")[0] == 429


def test_a_stranger_elsewhere_cannot_keep_somebody_out(cast: Cast) -> None:
    assert log_in("anna", PASSWORD).status_code == 302
    for number in range(60):
        fail(3, address=f"10.1.0.{number}")
    assert fail(1, address="10.2.0.1") == [429]  # from a new address the name has to wait,
    assert log_in("ben", PASSWORD, "10.2.0.1").status_code == 302  # and no other name,
    assert log_in("anna", PASSWORD).status_code == 302  # and not where Anna has been before.


def test_a_stranger_at_the_same_address_costs_a_minute_at_most(cast: Cast, clock: Any) -> None:
    assert log_in("anna", PASSWORD).status_code == 302
    for _ in range(30):
        fail(1)
        clock.shift(61)
    for number in range(150):
        fail(1, f"name{number}")
    fail(1)
    assert int(log_in("anna", PASSWORD).headers["Retry-After"]) <= 60
    clock.shift(60)
    assert log_in("anna", PASSWORD).status_code == 302


def test_one_password_for_many_names_is_stopped_for_that_address(cast: Cast) -> None:
    got = [fail(1, f"name{number}")[0] for number in range(200)]
    assert got == [200] * 100 + [429] * 100
    assert fail(1, address="10.0.0.2") == [200]


def test_nothing_tells_an_unknown_name_from_a_known_one(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers and the same work in the same order: what follows the clock would tell by chance."""

    def everything(name: str, address: str) -> list[Any]:
        seen: list[Any] = []
        for _ in range(7):
            with CaptureQueriesContext(connection) as queries:
                answer = log_in(name, "wrong", address)
            page = re.sub(r"\w{64}", "", answer.content.decode().replace(name, "NAME"))
            done = [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries]
            seen.append((answer.status_code, answer.headers.get("Retry-After"), page, done))
        return seen

    monkeypatch.setattr(attempts, "DROP_EVERY", 10**9)  # chance cleans up now and then
    log_in("somebody", "wrong", "10.0.0.3")  # the record's first event makes its chain
    assert everything("anna", "10.0.0.1") == everything("nobody", "10.0.0.2")


def test_an_unknown_name_costs_a_hash_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counting(self: Any, password: str, salt: str) -> str:
        hashed.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    for name in ("ben", "nobody"):
        hashed.clear()
        fail(1, name)
        assert hashed == ["wrong"], name


def code_now(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def with_second_factor(person: Person) -> str:
    secret = str(generate_totp_secret())
    TOTP.activate(person, secret)
    return secret


def test_codes_of_the_second_factor_are_limited_alike(cast: Cast, clock: Any) -> None:
    secret = with_second_factor(cast.anna)
    browser = Client(REMOTE_ADDR="10.0.0.1")
    browser.post(LOGIN, {"login": "anna", "password": PASSWORD})
    page = reverse("mfa_authenticate")
    got = [browser.post(page, {"code": "000000"}).status_code for _ in range(6)]
    assert got == [200] * 5 + [429]
    assert browser.post(page, {"code": code_now(secret)}).headers["Retry-After"] == "5"
    clock.shift(5)
    assert browser.post(page, {"code": code_now(secret)}).status_code == 302
    assert "5 failed attempts" in browser.get("/", follow=True).content.decode()


def test_somebody_with_the_password_cannot_hold_up_the_second_factor_elsewhere(cast: Cast) -> None:
    secret = with_second_factor(cast.anna)
    for number in range(12):
        thief = Client(REMOTE_ADDR=f"10.3.0.{number}")
        thief.post(LOGIN, {"login": "anna", "password": PASSWORD})
        for _ in range(5):
            thief.post(reverse("mfa_authenticate"), {"code": "000000"})
    attempts.got_in(name="anna", address="10.0.0.1")
    browser = Client(REMOTE_ADDR="10.0.0.1")
    browser.post(LOGIN, {"login": "anna", "password": PASSWORD})
    assert browser.post(reverse("mfa_authenticate"), {"code": code_now(secret)}).status_code == 302


def test_a_password_that_is_asked_for_again_is_limited_alike(cast: Cast, clock: Any) -> None:
    browser = Client(REMOTE_ADDR="10.0.0.1")
    browser.post(LOGIN, {"login": "anna", "password": PASSWORD})
    page = reverse("account_reauthenticate")
    got = [browser.post(page, {"password": "wrong"}).status_code for _ in range(6)]
    assert got == [200] * 5 + [429]
    clock.shift(5)
    assert browser.post(page, {"password": PASSWORD}).status_code == 302


def test_links_that_lead_nowhere_are_limited_and_real_ones_are_not(cast: Cast) -> None:
    guest = Client(REMOTE_ADDR="10.0.0.1")
    got = [guest.get(reverse("people:join", args=[f"guess-{n}"])).status_code for n in range(25)]
    assert got == [404] * 20 + [429] * 5
    _, token = invitations.invite(study=cast.study, display_name="Dora", role="annotator", by=cast.lena)
    assert guest.get(reverse("people:join", args=[token])).status_code == 200


def test_people_hear_of_failed_attempts_at_their_next_login_and_once(cast: Cast, clock: Any) -> None:
    told = "7 failed attempts to log in under your name since your last visit, the last on 12 Mar 2026, 14:03"
    log_in("anna", PASSWORD)
    for number in range(7):
        fail(1, address=f"10.4.0.{number}")
    clock.shift(timedelta(days=40))
    for expected in (True, False):
        browser = Client(REMOTE_ADDR="10.0.0.1")
        browser.post(LOGIN, {"login": "anna", "password": PASSWORD})
        shown = browser.get("/", follow=True).content.decode()
        assert (told in shown) is expected
        assert ("change your password and tell the operator" in shown) is expected


def test_neither_names_nor_addresses_are_stored(cast: Cast) -> None:
    fail(3, "somebody", "10.7.7.7")
    attempts.take_link("10.7.7.7")
    stored = str(list(AttemptCount.objects.values()))
    assert len(AttemptCount.objects.all()) == 4
    assert "10.7" not in stored
    assert "somebody" not in stored


def test_counts_of_strangers_names_are_dropped_soon_and_known_addresses_stay(cast: Cast, clock: Any) -> None:
    log_in("anna", PASSWORD)
    fail(2, "anna", "10.5.0.1")
    fail(2, "nobody", "10.5.0.1")
    clock.shift(timedelta(hours=2))
    attempts.drop_expired()
    assert AttemptCount.objects.count() == 2  # Anna's known address, and what she has not heard yet


RACED = {"errors": [], "together": 5, "apart": race_attempts.AT_ONCE, "left": 0}


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_no_more_tries_than_one_after_another() -> None:
    assert race_attempts.main() == RACED


@pytest.mark.services
def test_nor_do_they_on_postgresql(postgres_server: str, tmp_path: Path) -> None:
    database = new_database(postgres_server, is_migrated=True)
    assert raced("tests.people.race_attempts", tmp_path, database=database) == RACED


@pytest.mark.parametrize(
    "to",
    ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil.example", "http:///evil"],
)
def test_a_login_leads_to_no_other_site(cast: Cast, to: str) -> None:
    sent = {"login": "anna", "password": PASSWORD, "next": to}
    assert Client().post(LOGIN, sent).headers["Location"] == "/"
    assert Client().post(f"{LOGIN}?next={to}", sent).headers["Location"] == "/"
