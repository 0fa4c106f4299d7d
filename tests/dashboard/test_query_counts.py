"""How many queries each page and each call of a reader costs: query_counts.json, or the suite fails.

After a change that is meant run this file with CONSILIUM_WRITE_COUNTS=1 and look at the difference.
"""

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client

from consilium.workqueue import counts
from consilium.workqueue.models import Claim
from consilium.workqueue.places import assets_version
from tests.dashboard.access_table import READ
from tests.factories import annotation as making
from tests.factories.cast import Cast
from tests.factories.world import World, make_world

STORED = Path(__file__).with_name("query_counts.json")


def queries(act: Callable[[], Any]) -> int:
    """How many statements `act` sends, BEGIN and COMMIT not counted."""
    sent = list[str]()

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        answer = act()
        if getattr(answer, "streaming", False):
            b"".join(answer.streaming_content)
    return len([sql for sql in sent if "SAVEPOINT" not in sql])


def client_of(world: World, role: str) -> Client:
    client = Client()
    person = world.person(role)
    assert person is not None
    client.force_login(person)
    return client


def pages(world: World) -> dict[str, int]:
    """Each page as the lead sees it, else as who may see it."""
    found = {}
    clients = {role: client_of(world, role) for role in ("annotator", "adjudicator", "lead", "operator")}
    for name, row in READ.items():
        of_role = dict(zip(("nobody", "annotator", "adjudicator", "lead", "operator"), row, strict=False))
        role = next((one for one in ("lead", *clients) if of_role[one] == 200), None)
        if role is None:
            continue
        address = world.address(name)
        clients[role].get(address)  # what a process looks up once is no query of the page
        counts.forget()
        found[name] = queries(lambda: clients[role].get(address))  # noqa: B023 - called at once
    return found


def calls(cast: Cast) -> dict[str, int]:
    """What a reader's browser sends while one case is judged and the next one comes."""
    client = Client()
    client.force_login(cast.ben)
    send: dict[str, dict[str, Any]] = {
        "heartbeat": {"active_seconds": 3},
        "draft": {"content": {}, "draft_version": 0, "base_version": 0},
        "submit": {"content": making.content(), "active_seconds": 3, "base_version": 0},
        "ahead": {},
    }

    def post(name: str, headers: dict[str, str]) -> int:
        claim = making.claim(cast.study, cast.ben)
        body = send[name] | ({"key": str(uuid.uuid4())} if name == "submit" else {})
        address = f"/work/{claim.token}/{name}/"
        return queries(lambda: client.post(address, body, "application/json", headers=headers))

    screen = {"X-Work-Screen": assets_version()}
    found = {name: post(name, {}) for name in ("heartbeat", "draft", "submit")}
    found["ahead"] = post("ahead", screen)
    ready = Claim.objects.get(state="assigned")
    found["submit, the next one is there"] = post("submit", screen | {"X-Work-Ahead": str(ready.token)})
    found["submit, brings the screen"] = post("submit", screen)
    return found


def compare(name: str, found: dict[str, int]) -> None:
    stored: dict[str, dict[str, int]] = json.loads(STORED.read_text()) if STORED.exists() else {}
    if os.environ.get("CONSILIUM_WRITE_COUNTS"):
        stored[name] = found
        STORED.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    assert found == stored[name]


def test_pages_cost_what_they_did(cast: Cast) -> None:
    compare("pages", pages(make_world(cast)))


def test_calls_cost_what_they_did(cast: Cast) -> None:
    making.opened(cast, questions=5)
    making.vote(cast.study, cast.ben)  # the protocol is locked at the first vote
    compare("calls", calls(cast))
