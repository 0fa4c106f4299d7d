"""A refusal is told to people, a bug is not: it becomes a page with a reference, a traceback, another try."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from consilium.jobs.queue import enqueue
from consilium.jobs.registry import JobKind, register
from consilium.jobs.run import run_now
from consilium.jobs.states import JobState
from consilium.logs import LineFormatter
from consilium.refusals import Refused
from consilium.states.transitions import StateChanged
from tests.factories.cast import Cast

REFERENCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def failing(problem: Exception) -> object:
    def fail(*args: object, **kwargs: object) -> None:
        raise problem

    return fail


@pytest.fixture
def lena(cast: Cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.lena)
    return client


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What Django logs about requests, in the form of the real log."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(LineFormatter())
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield out
    logger.removeHandler(handler)


@pytest.mark.parametrize("problem", [ValueError("secret text"), KeyError("secret text")])
def test_a_bug_is_a_page_with_the_reference_that_the_log_has(
    lena: Client, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, problem: Exception
) -> None:
    monkeypatch.setattr("dashboard.views.overview", failing(problem))
    page = lena.get(reverse("site:study", args=["chest"]))
    found = REFERENCE.search(page.content.decode())
    assert page.status_code == 500
    assert found
    assert b"secret text" not in page.content
    assert f"request={found.group()}" in log.getvalue()
    assert "secret text" not in log.getvalue()


def test_a_refusal_that_no_view_caught_is_told_with_its_status(
    lena: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.views.overview", failing(Refused("The study is being moved; wait.")))
    page = lena.get(reverse("site:study", args=["chest"]))
    assert (page.status_code, b"The study is being moved; wait." in page.content) == (409, True)


@pytest.mark.parametrize(
    ("problem", "status"), [(Refused("Say why, in words."), 302), (ValueError("a bug"), 500)]
)
def test_a_button_tells_refusals_and_no_bugs(
    cast: Cast, lena: Client, monkeypatch: pytest.MonkeyPatch, problem: Exception, status: int
) -> None:
    monkeypatch.setattr("curation.views.questions.open_questions", failing(problem))
    page = lena.post(reverse("curation:open-questions", args=["chest"]), follow=False)
    assert page.status_code == status
    if status == 302:
        assert "Say why, in words." in lena.get(page.headers["Location"]).content.decode()


def test_a_command_tells_refusals_and_no_bugs(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    target = "consilium.people.management.commands.member.add_member"
    member = ("member", "add", "chest", "anna", "--role", "lead")
    monkeypatch.setattr(target, failing(Refused("Anna is a member already.")))
    with pytest.raises(CommandError, match="Anna is a member already"):
        call_command(*member, stdout=io.StringIO())
    monkeypatch.setattr(target, failing(ValueError("a bug")))
    with pytest.raises(ValueError, match="a bug"):
        call_command(*member, stdout=io.StringIO())


@pytest.mark.parametrize(
    ("problem", "attempts", "error"),
    [
        (Refused("The model may not be asked."), 1, "The model may not be asked."),
        (StateChanged("Somebody was faster."), 3, "unexpected"),
        (ValueError("secret text"), 3, "unexpected"),
    ],
)
def test_a_job_fails_by_a_refusal_and_tries_again_after_a_bug(
    cast: Cast, problem: Exception, attempts: int, error: str
) -> None:
    name = f"test.{type(problem).__name__}"
    register(JobKind(name=name, label="Test", handler=failing(problem)))  # type: ignore[arg-type]
    job = run_now(enqueue(kind=name, by=cast.lena, study=cast.study, params={}))
    assert (job.state, job.attempt, error in job.error) == (JobState.FAILED, attempts, True)
