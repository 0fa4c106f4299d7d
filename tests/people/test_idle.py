"""An idle session ends: only what a person does counts, and it is on record."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from consilium.audit.models import AuditEvent
from tests.factories.cast import PASSWORD, Cast

NOW = "2026-11-27T14:00:00Z"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
POLL = {"Accept": "*/*"}
MINUTES = 10


@pytest.fixture
def clock(settings: Any) -> Any:
    settings.IDLE_SECONDS = MINUTES * 60
    with time_machine.travel(NOW, tick=False) as found:
        yield found


def at_work(name: str = "anna") -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": name, "password": PASSWORD})
    return client


def is_in(client: Client, headers: dict[str, str] = POLL) -> bool:
    return client.get("/work/session/", headers=headers).status_code == 200


def test_a_session_in_which_nothing_happens_ends_and_is_on_record(cast: Cast, clock: Any) -> None:
    client = at_work()
    clock.shift(timedelta(minutes=MINUTES))
    assert is_in(client)
    clock.shift(timedelta(seconds=1))
    answer = client.get("/s/chest/guidelines/", headers=PAGE)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/accounts/login/")
    event = AuditEvent.objects.get(action="person.logged_out")
    assert (event.actor, event.chain) == (cast.anna, "system")
    assert b"What you wrote is kept for you" in client.get("/accounts/login/").content


def test_pages_and_the_scripts_word_keep_it_alive_and_polling_does_not(cast: Cast, clock: Any) -> None:
    def after_a_while(path: str, person: int, **headers: str) -> bool:
        client = at_work()
        clock.shift(timedelta(minutes=MINUTES - 1))
        if path.startswith("/idle/"):
            client.post(path, {"person": str(person)}, headers=headers)
        else:
            client.get(path, headers=headers)
        clock.shift(timedelta(minutes=2))
        return is_in(client)

    assert after_a_while("/s/chest/guidelines/", 0, **PAGE)
    assert after_a_while("/idle/stay/", cast.anna.pk, **POLL)
    assert not after_a_while("/idle/stay/", cast.ben.pk, **POLL)
    assert not after_a_while("/work/session/", 0, **POLL)
    assert not after_a_while("/s/chest/guidelines/", 0, **PAGE, **{"HX-Request": "true"})


def test_a_page_left_open_ends_nobody_elses_session(cast: Cast, clock: Any) -> None:
    client = at_work("ben")
    client.post("/idle/leave/", {"person": str(cast.anna.pk)})
    assert is_in(client)
    client.post("/idle/leave/", {"person": str(cast.ben.pk)})
    assert not is_in(client)


def test_being_busy_makes_no_session_longer_than_any_other(cast: Cast, clock: Any, settings: Any) -> None:
    client = at_work()
    for _ in range(int(settings.SESSION_COOKIE_AGE / 60 / MINUTES)):
        clock.shift(timedelta(minutes=MINUTES))
        assert client.get("/s/chest/guidelines/", headers=PAGE).status_code == 200
    clock.shift(timedelta(minutes=1))
    assert not is_in(client)


def test_without_the_setting_nothing_ends(cast: Cast, settings: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = at_work()
        clock.shift(timedelta(hours=11))
        page = client.get("/s/chest/guidelines/", headers=PAGE)
        assert page.status_code == 200
        assert b"data-idle" not in page.content
        assert client.post("/idle/stay/").status_code == 404
