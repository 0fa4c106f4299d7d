"""/readyz: whether this process can serve; and what a request gets while the database is away."""

import json
import time
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler, getLogger
from typing import Any

import psycopg2  # type: ignore[import-untyped]
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consilium.database_away import is_away
from consilium.logs import LineFormatter
from dashboard import readiness
from tests.dashboard.test_start import has_lost_a_trigger, is_ahead, is_behind
from tests.factories.cast import Cast
from tests.harness.servers import free_port

SPOILT = {"consilium.E034": is_ahead, "consilium.E035": is_behind, "consilium.E033": has_lost_a_trigger}


@pytest.fixture(autouse=True)
def _asked_for_the_first_time() -> Iterator[None]:
    readiness.look_anew()
    yield
    readiness.look_anew()


@pytest.fixture
def log() -> Iterator[StringIO]:
    out = StringIO()
    handler = StreamHandler(out)
    handler.setFormatter(LineFormatter())
    logger = getLogger("dashboard.readiness")
    logger.addHandler(handler)
    yield out
    logger.removeHandler(handler)


def browser(person: Any = None) -> Client:
    client = Client(raise_request_exception=False)
    if person is not None:
        client.force_login(person)
    return client


@pytest.mark.parametrize("finding", SPOILT)
def test_a_process_that_cannot_serve_tells_operators_why_and_strangers_nothing(
    cast: Cast, settings: Any, tmp_path: Any, log: StringIO, finding: str
) -> None:
    tmp_path.chmod(0o700)
    settings.CONSILIUM_HOME = tmp_path
    stranger, operator = browser(), browser(cast.otto)
    assert (stranger.get("/readyz").status_code, stranger.get("/readyz").json()) == (200, {"ready": True})
    assert operator.get("/readyz").json() == {"ready": True, "problems": [], "broker": True}

    SPOILT[finding](settings, tmp_path)
    readiness.look_anew()
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (503, {"ready": False}, "5")
    assert browser(cast.lena).get("/readyz").json() == {"ready": False}
    (problem,) = operator.get("/readyz").json()["problems"]
    assert "manage.py migrate" in problem or "Install that version" in problem
    assert f"readiness.changed findings=['{finding}'] ready=False" in log.getvalue()
    assert stranger.get("/healthz").status_code == 200


def test_a_full_disk_is_not_ready(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.dashboard.test_start import FULL

    monkeypatch.setattr("shutil.disk_usage", lambda path: FULL)
    assert browser().get("/readyz").status_code == 503


def test_a_broker_that_is_away_is_told_and_not_fatal(cast: Cast, settings: Any) -> None:
    from consilium.celery import app

    url, app.conf.broker_url = app.conf.broker_url, f"redis://127.0.0.1:{free_port()}/0"
    options, app.conf.broker_transport_options = app.conf.broker_transport_options, {}
    try:
        answer = browser(cast.otto).get("/readyz")
    finally:
        app.conf.broker_url, app.conf.broker_transport_options = url, options
    assert (answer.status_code, answer.json()["broker"]) == (200, False)


def test_operators_are_told_that_the_application_owns_its_tables(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "The application owns its tables in PostgreSQL"
    assert told not in browser(cast.otto).get("/site/").content.decode()
    monkeypatch.setattr("dashboard.checks.runs_as_owner", lambda connection: True)
    assert told in browser(cast.otto).get("/site/").content.decode()
    assert told not in browser(cast.lena).get("/", follow=True).content.decode()


def test_many_askers_cost_what_one_does(cast: Cast) -> None:
    stranger = browser()
    began = time.perf_counter()
    stranger.get("/readyz")
    assert time.perf_counter() - began < 0.5
    with CaptureQueriesContext(connection) as asked:
        for _ in range(20):
            stranger.get("/readyz")
    assert len(asked) == 0


@pytest.fixture
def away(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Client]]:
    """The database does not answer: what PostgreSQL's driver says when nobody listens."""
    clients = {"stranger": browser(), "reader": browser(cast.anna), "operator": browser(cast.otto)}

    def refuse(self: BaseDatabaseWrapper, *args: Any) -> None:
        raise OperationalError("secret host") from psycopg2.OperationalError("secret host")

    with monkeypatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "cursor", refuse)
        yield clients


def test_while_the_database_is_away_a_page_says_to_wait(away: dict[str, Client]) -> None:
    for address in ("/", "/s/chest/work/", "/s/chest/"):
        answer = away["reader"].get(address)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), address
        assert b"The database is away for a moment" in answer.content
        assert b"secret host" not in answer.content
        assert b"Traceback" not in answer.content


def test_while_the_database_is_away_a_script_gets_json(away: dict[str, Client]) -> None:
    token = "00000000-0000-4000-8000-000000000000"
    for call in ("submit", "draft", "heartbeat"):
        answer = away["reader"].post(f"/work/{token}/{call}/", {}, "application/json")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), call
        assert json.loads(answer.content)["error"].startswith("The database is")
    answer = away["reader"].get("/work/session/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/json")


def test_while_the_database_is_away_the_process_lives_and_is_not_ready(away: dict[str, Client]) -> None:
    assert away["stranger"].get("/readyz").json() == {"ready": False}
    assert away["operator"].get("/readyz").status_code == 503
    assert away["stranger"].get("/healthz").status_code == 200


@pytest.mark.parametrize("statement", ["SELECT * FROM not_there", "SELECT wrong syntax here"])
def test_a_wrong_statement_is_a_bug_and_no_outage(db: None, statement: str) -> None:
    with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert not is_away(raised.value)


def test_a_connection_that_was_lost_is_an_outage() -> None:
    lost = InterfaceError("connection already closed")
    lost.__cause__ = psycopg2.InterfaceError("connection already closed")
    assert is_away(lost)
    assert not is_away(ValueError("a bug"))
    assert not is_away(None)
