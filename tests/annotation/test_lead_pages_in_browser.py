"""The leads' pages in Chromium: no complaint, no sideways scroll, dialogs work."""

from typing import Any

import pytest
from django.urls import reverse

from tests.annotation.conftest import log_in
from tests.annotation.test_in_browser import shoot
from tests.factories import annotation as making
from tests.factories.annotation_pictures import opened_with_pictures
from tests.factories.cast import Cast
from tests.harness.accessibility import violations
from tests.harness.playwright_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_lead_looks_at_everything_and_leaves_a_case_out(window: Page, live_server: Any, cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0, senior_on_any_split=True)
    opened_with_pictures(cast, questions=4)
    for letters in ("aaa", "bbb", "aab"):
        for person, letter in zip(cast.annotators, letters, strict=True):
            making.vote(cast.study, person, letter, creativity="a")
    log_in(window, live_server.url, cast.lena)
    for name in ("cases", "rounds", "agreement"):
        window.goto(live_server.url + reverse(f"annotation:{name}", kwargs={"study": "chest"}))
        shoot(window, f"lead-{name}")
        assert window.evaluate("document.documentElement.scrollWidth") <= 1280
        assert violations(window) == []
    window.goto(live_server.url + reverse("annotation:cases", kwargs={"study": "chest"}))
    window.click("text=Disputed 1")
    window.click("tbody a")
    shoot(window, "lead-case")
    assert violations(window) == []
    window.click("[data-opens-dialog=exclude]")
    window.fill("#exclude input[name=reason]", "The slice does not show the organ.")
    window.keyboard.press("Enter")
    window.wait_for_selector("text=left out because")
