"""Two leads let a date leave, each by keyboard in a dialog that axe-core has nothing against."""

import os
from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from tests.curation.releases.test_let_through import AGREED, DATED, WHY, refused_export, release_saying
from tests.curation.test_screens import enter
from tests.factories.cast import make_cast
from tests.harness.accessibility import COLOURS, violations
from tests.harness.playwright_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def answer(window: Page, button: str, reason: str) -> None:
    """Open the dialog by its button, look at it in both themes, give the reason and send it."""
    window.get_by_role("button", name=button).first.focus()
    window.keyboard.press("Enter")
    expect(window.locator("dialog[open]")).to_be_visible()
    for theme in ("dark", "light"):
        window.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        rules = {"rules": COLOURS} if theme == "dark" else {}
        assert violations(window, "dialog[open]", **rules) == [], theme
        if folder := os.environ.get("SHOTS"):
            window.screenshot(path=Path(folder) / f"{button.replace(' ', '-')}-{theme}.png")
    window.locator("dialog[open] [name=reason]").focus()
    window.keyboard.type(reason)
    window.keyboard.press("Enter")


def test_a_second_lead_agrees_in_a_dialog(window: Page, live_server: LiveServer) -> None:
    cast = make_cast()
    release = release_saying(cast, DATED)
    refused_export(release, cast)
    page = live_server.url + reverse("curation:release", args=["chest", release.pk])
    enter(window, live_server.url, cast.lena)
    window.goto(page)
    answer(window, "Ask to let it through", WHY)
    expect(window.get_by_text("Waits for a second lead")).to_be_visible()
    enter(window, live_server.url, cast.max)
    window.goto(page)
    answer(window, "Let it through", AGREED)
    expect(window.locator("main")).to_contain_text(AGREED)
