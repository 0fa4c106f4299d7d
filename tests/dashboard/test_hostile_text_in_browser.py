"""Hostile text in Chromium: what our scripts put on a page is text as well, and the policy is never asked."""

from typing import Any

import pytest

from tests.annotation.conftest import log_in
from tests.dashboard.access_table import READ
from tests.dashboard.test_pages import FRAGMENTS, NO_PAGES, signed_in
from tests.dashboard.test_stored_text import plant
from tests.factories.cast import Cast
from tests.factories.world import ROLES, World, make_world
from tests.harness.playwright_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TEXT = (
    "<img src=x onerror=alert(1)></script><script>alert(2)</script><svg onload=alert(3)>"
    "<math href=javascript:alert(4)>{{7*7}}\"' onfocus=alert(5) autofocus x='[y](javascript:alert(6))"
)
PLANTED = "img[src=x], svg[onload], math, [onfocus], [onerror], a[href^=javascript]"
SHOWS = """text => [...document.querySelectorAll('body, body *')]
    .flatMap(node => [...node.childNodes].filter(one => one.nodeType === 3).map(one => one.textContent)
        .concat([...node.attributes].map(one => one.value)))
    .some(one => one.includes(text))"""


def pages_that_hold_it(world: World) -> list[tuple[str, str]]:
    """Role and URL name of each page whose answer mentions the text, the first role that may read it."""
    found = []
    for name, row in READ.items():
        for role in ("lead", "annotator", "adjudicator", "operator"):
            who = world.person(role)
            if row[ROLES.index(role)] != 200 or name in NO_PAGES | FRAGMENTS or who is None:
                continue
            answer = signed_in(who).get(world.address(name))
            is_page = answer.status_code == 200 and "Content-Disposition" not in answer.headers
            if is_page and not answer.streaming and b"onfocus=alert(5)" in answer.content:
                found.append((role, name))
                break
    return sorted(found)


def test_no_page_runs_or_builds_what_stands_in_a_text(window: Page, live_server: Any, cast: Cast) -> None:
    world = make_world(cast)
    plant(cast, TEXT)
    asked: list[str] = []

    def note(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    window.on("dialog", note)
    visits, last = pages_that_hold_it(world), ""
    assert len(visits) > 25
    for role, name in visits:
        if role != last:
            who = world.person(role)
            assert who is not None
            log_in(window, live_server.url, who)
            last = role
        window.goto(live_server.url + world.address(name))
        assert window.locator(PLANTED).count() == 0, name
        assert window.evaluate(SHOWS, TEXT), f"{name} shows another text than was stored"
    assert asked == []
