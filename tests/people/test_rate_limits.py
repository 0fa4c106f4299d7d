"""Costly acts are limited per person, for all web processes together; a 429 says when, and does nothing."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from consilium.jobs.models import Job
from consilium.people.models import GuidelineVersion, Invitation
from consilium.rates import DEFAULTS, Rate, buckets
from curation.models import Export, Release
from tests.dashboard.access_table import WRITE
from tests.factories.cast import Cast
from tests.factories.world import World, make_world

pytestmark = pytest.mark.django_db
ACTS = {
    "curation:new-import": "upload",
    "curation:export-release": "export",
    "curation:verify-release": "export",
    "curation:new-release": "freeze",
    "curation:release-preview": "freeze",
    "annotation:ask-models": "launch",
    "curation:start-tracing": "launch",
    "training:launch": "launch",
    "training:resume": "launch",
    "training:probe": "launch",
    "benchmark:launch": "launch",
    "benchmark:resume": "launch",
    "benchmark:batch-act": "launch",
    "people:guidelines": "guidelines",
    "people:members": "invite",
}


@pytest.fixture
def tight(settings: Any) -> None:
    """Everything that is counted may be done once an hour."""
    settings.RATES = dict.fromkeys(DEFAULTS, Rate(1, 3600))


def browser(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def send(client: Client, world: World, name: str) -> Any:
    return client.post(world.address(name), WRITE[name].fields)


def stored() -> list[int]:
    return [model.objects.count() for model in (Job, Release, Export, GuidelineVersion, Invitation)]


def test_each_costly_act_is_refused_beyond_its_limit_and_does_nothing(cast: Cast, tight: None) -> None:
    world = make_world(cast)
    lena, max_ = browser(cast.lena), browser(cast.max)
    done = set()
    for name, act in ACTS.items():
        if act not in done:
            assert send(lena, world, name).status_code == WRITE[name].row[3], name
            done.add(act)
    before = stored()
    for name in ACTS:
        refused = send(lena, world, name)
        assert refused.status_code == 429, name
        assert 3590 <= int(refused.headers["Retry-After"]) <= 3600, name
        assert b"Wait 60 minutes" in refused.content, name
    assert stored() == before
    assert send(max_, world, "people:guidelines").status_code == 302, "others have their own limit"


def test_the_limit_holds_across_web_processes_and_ends_by_itself(cast: Cast, tight: None) -> None:
    address = reverse("people:guidelines", args=["chest"])
    with time_machine.travel("2026-03-12 14:03Z", tick=False) as clock:
        assert browser(cast.lena).post(address, {"text": "One"}).status_code == 302
        buckets.clear()  # another process knows nothing of this one's memory
        assert browser(cast.lena).post(address, {"text": "Two"}).status_code == 429
        clock.shift(3601)
        assert browser(cast.lena).post(address, {"text": "Two"}).status_code == 302


def test_a_long_text_is_still_in_its_form_after_a_429(cast: Cast, tight: None) -> None:
    client, address = browser(cast.lena), reverse("people:guidelines", args=["chest"])
    client.post(address, {"text": "One"})
    refused = client.post(address, {"text": "Two pages of thought."})
    assert refused.status_code == 429
    assert "Two pages of thought." in refused.content.decode()
    assert "then try again" in refused.content.decode()
