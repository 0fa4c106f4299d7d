"""What the busiest pages and calls cost in CPU time, in multiples of a bare view: cpu_ratios.json.

A loose guard: it fails when something costs more than TOLERANCE times what is kept. Each is measured many
times in turn with the bare view, and its cheapest time counts: a loaded machine slows both alike.
After a change that is meant run this file with CONSILIUM_WRITE_RATIOS=1 and look at the difference.
"""

import gc
import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consilium.people.models import Person
from dashboard import views
from dashboard.overview import overview
from tests.factories import annotation as making
from tests.factories.cast import Cast

pytestmark = pytest.mark.urls("tests.dashboard.bare_urls")

STORED = Path(__file__).with_name("cpu_ratios.json")
TOLERANCE = 2
CASES = 16
WARM_UP, REPEATS = 3, 12
PAGES = {
    "overview": "site:study",
    "rounds": "annotation:rounds",
    "cases": "annotation:cases",
    "work": "work:queue",
}
Act = Callable[[], Callable[[], Any]]  # prepares one request and returns what sends it


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def get(client: Client, address: str) -> Act:
    return lambda: lambda: client.get(address)


def submit(cast: Cast, client: Client) -> Act:
    """Sends a vote on the reader's next case, as the page of the case does."""

    def prepare() -> Callable[[], Any]:
        claim = making.claim(cast.study, cast.ben)
        key = str(uuid.uuid4())
        body = {"content": making.content(), "key": key, "active_seconds": 3, "base_version": 0}
        return lambda: client.post(f"/work/{claim.token}/submit/", body, "application/json")

    return prepare


def acts(cast: Cast) -> dict[str, Act]:
    making.opened(cast, questions=CASES)
    lead, reader, voter = client_of(cast.lena), client_of(cast.anna), client_of(cast.ben)
    screen = reverse("annotation:compare", args=[making.claim(cast.study, cast.anna).token])
    pages = {name: get(lead, reverse(view, args=["chest"])) for name, view in PAGES.items()}
    calls = {"screen": get(reader, screen), "submit": submit(cast, voter)}
    return {"bare": get(lead, "/bare/"), **calls, **pages}


def ratios(chosen: dict[str, Act], repeats: int = REPEATS) -> dict[str, float]:
    """The cheapest CPU time of each in multiples of the bare view's."""
    least = dict.fromkeys(chosen, float("inf"))
    for turn in range(WARM_UP + repeats):
        for name, prepare in chosen.items():
            send = prepare()
            gc.collect(0)
            started = time.process_time()
            answer = send()
            took = time.process_time() - started
            assert answer.status_code == 200, (name, answer.content)
            if turn >= WARM_UP:
                least[name] = min(least[name], took)
    bare = least.pop("bare")
    return {name: round(took / bare, 1) for name, took in least.items()}


def too_dear(found: dict[str, float]) -> dict[str, float]:
    """What costs more than the kept ratios allow."""
    kept: dict[str, float] = json.loads(STORED.read_text())
    return {name: ratio for name, ratio in found.items() if ratio > TOLERANCE * kept[name]}


def test_the_busiest_requests_cost_what_they_did(cast: Cast) -> None:
    found = ratios(acts(cast))
    if os.environ.get("CONSILIUM_WRITE_RATIOS"):
        STORED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert set(found) == set(json.loads(STORED.read_text()))
    assert not too_dear(found)


def test_a_page_that_became_dear_is_found(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {name: act for name, act in acts(cast).items() if name in {"bare", "overview"}}

    def often(*args: Any) -> dict[str, Any]:
        for _ in range(6):
            overview(*args)
        return overview(*args)

    monkeypatch.setattr(views, "overview", often)
    assert set(too_dear(ratios(chosen, repeats=5))) == {"overview"}
