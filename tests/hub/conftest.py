"""A Hub on loopback, the site pointed at it, and releases to push."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from consilium.hub import process
from consilium.hub.models import Push
from consilium.hub.registry import Content
from consilium.jobs.models import Job
from consilium.jobs.run import run_now
from curation.models import Release
from curation.releases.gather import freeze_traces
from curation.releases.publish import content_of_release
from tests.factories import curation as making
from tests.factories.cast import Cast
from tests.harness.forked import hub_clients
from tests.hub.loopback_hub import TOKEN, Asked, Fault, Faults, LoopbackHub


@pytest.fixture(autouse=True)
def _the_client_is_hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    _, *forked_client = hub_clients.command()
    monkeypatch.setattr(process, "CLIENT", (*forked_client, "-m", "tests.hub.hasty_client"))


@pytest.fixture
def hub(settings: Any) -> Iterator[LoopbackHub]:
    """The server; what the site asks goes there and nowhere else."""
    with LoopbackHub() as server:
        settings.HUB = server.address
        yield server


@pytest.fixture
def short_patience(settings: Any, hub: LoopbackHub) -> None:
    """The client waits half a second for an answer."""
    settings.HUB = replace(settings.HUB, seconds=0.5)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    """The canary, given by the environment."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return TOKEN


@pytest.fixture
def release(cast: Cast) -> Release:
    """A small trace release."""
    return make_release(cast)


@pytest.fixture
def content(release: Release) -> Content:
    """The release as the Hub's room sees it."""
    return content_of_release(release)


def make_release(cast: Cast, name: str = "First", rows: int = 2, start: int = 0) -> Release:
    """A trace release of its own content."""
    of = making.source(cast.study, f"Own archive {name}")
    for number in range(start, start + rows):
        making.trace(making.question(cast.study, of, number), making.endpoint())
    return freeze_traces(study=cast.study, name=name, by=cast.lena)


def run(push: Push) -> Job:
    """Run the push's job here until it is over or put off."""
    assert push.job is not None
    job = run_now(push.job)
    push.refresh_from_db()
    return job


def once(act: str, fault: Fault) -> Faults:
    """The fault at the first request about this, and none afterwards."""
    left = [fault]

    def answer(asked: Asked) -> Fault | None:
        return left.pop() if left and asked.act == act else None

    return answer
