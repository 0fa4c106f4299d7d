"""The frame of every page in Chromium: policy kept, keys work, choices last, sizes hold."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from consilium.people.models import Study
from tests.factories.cast import PASSWORD, Cast
from tests.harness.accessibility import violations
from tests.harness.playwright_api import Page, Route, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

CONTROLS = "main button, main a.button, header button, header a, nav a, summary"
SMALL_TARGETS = """(controls) => [...document.querySelectorAll(controls)]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().width > 0)
  .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect().width, e.getBoundingClientRect().height])
  .filter(([, width, height]) => Math.min(width, height) < 24)"""


@pytest.fixture
def complaints(window: Page) -> Iterator[list[str]]:
    """Console errors, page errors and policy violations; a test ends with none."""
    heard: list[str] = []
    window.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    window.on("pageerror", lambda error: heard.append(str(error)))
    yield heard
    assert heard == []


@pytest.fixture
def design_page(window: Page, live_server: Any, cast: Cast, complaints: list[str]) -> Page:
    client = Client()
    client.force_login(cast.lena)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    window.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    window.goto(f"{live_server.url}/design/")
    return window


def test_theme_and_text_size_are_there_before_the_first_paint_of_the_next_page(design_page: Page) -> None:
    design_page.click("[data-menu=user] > summary")
    design_page.click("[data-preference=theme][data-value=dark]")
    design_page.click("[data-preference=text][data-value=larger]")
    assert design_page.evaluate("getComputedStyle(document.documentElement).fontSize") == "21px"
    html = design_page.request.get(design_page.url).text()
    assert '<html lang="en" data-theme="dark" data-text="larger" data-keys="on">' in html
    assert design_page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 27)"


def test_keys_open_the_list_and_rest_while_somebody_types_or_wants_none(design_page: Page) -> None:
    dialog = design_page.locator("#shortcuts")
    design_page.locator("#id_name").first.focus()
    design_page.keyboard.press("?")
    assert not dialog.is_visible()
    design_page.locator("main").press("?")
    assert dialog.is_visible()
    assert "New release" in dialog.inner_text()
    design_page.keyboard.press("Escape")
    assert not dialog.is_visible()
    design_page.evaluate("document.documentElement.dataset.keys = 'off'")
    design_page.locator("main").press("?")
    assert not dialog.is_visible()


def test_a_menu_closes_on_escape_and_gives_the_focus_back(design_page: Page) -> None:
    summary = design_page.locator("[data-menu=user] > summary")
    summary.focus()
    design_page.keyboard.press("Enter")
    design_page.keyboard.press("ArrowDown")
    design_page.keyboard.press("Escape")
    assert summary.evaluate("element => element === document.activeElement && !element.parentElement.open")


def test_a_dialog_opens_and_closes(design_page: Page) -> None:
    design_page.click("[data-opens-dialog=sample-dialog]")
    assert design_page.locator("#sample-dialog").is_visible()
    design_page.click("#sample-dialog [data-closes-dialog] >> nth=0")
    assert not design_page.locator("#sample-dialog").is_visible()


def test_a_verdict_row_is_one_radio_group(design_page: Page) -> None:
    row = design_page.locator("[data-dimension=sample_overall]")
    row.locator("input").first.check()
    design_page.keyboard.press("ArrowRight")
    assert row.locator("input:checked").evaluate_all("inputs => inputs.map(input => input.value)") == [
        "first_slightly"
    ]


def test_the_page_never_scrolls_sideways(design_page: Page) -> None:
    for width in (1920, 1280, 820, 390):
        design_page.set_viewport_size({"width": width, "height": 800})
        assert design_page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_banner_of_a_teaching_set_pushes_nothing_out_of_the_window(
    design_page: Page, live_server: Any, cast: Cast
) -> None:
    Study.objects.filter(pk=cast.study.pk).update(is_teaching_set=True)
    design_page.goto(live_server.url + reverse("people:guidelines", args=["chest"]))
    expect(design_page.get_by_text("Synthetic teaching set.")).to_be_in_viewport(ratio=1)
    assert design_page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0
    expect(design_page.locator(".side-nav-link").last).to_be_in_viewport(ratio=1)


def test_a_live_area_polls_until_it_no_longer_asks_and_may_bring_a_notice(design_page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        more = 'hx-get="/live/" hx-trigger="every 50ms"' if len(asked) < 3 else ""
        notice = (
            {"HX-Trigger": '{"toast": {"text": "Run <finished>", "tone": "success"}}'} if not more else {}
        )
        route.fulfill(
            body=f'<div id="live" {more}>{len(asked)}</div>', headers=notice, content_type="text/html"
        )

    design_page.route("**/live/", answer)
    design_page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<div id=live></div>')"
    )
    design_page.evaluate("htmx.ajax('GET', '/live/', {target: '#live', swap: 'outerHTML'})")
    design_page.locator(".toast", has_text="Run <finished>").wait_for()
    assert design_page.locator("#live").inner_text() == "3"
    assert len(asked) == 3


def test_the_navigation_and_controls_are_large_enough(design_page: Page) -> None:
    assert design_page.evaluate(SMALL_TARGETS, CONTROLS) == []


def test_axe_finds_nothing_on_the_page_of_all_components(design_page: Page) -> None:
    design_page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert violations(design_page) == []
    design_page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert violations(design_page) == []
    design_page.click("[data-menu=user] > summary")
    assert violations(design_page, within="[data-menu=user]") == []


def test_axe_finds_nothing_on_the_login_page(window: Page, live_server: Any, complaints: list[str]) -> None:
    window.goto(f"{live_server.url}/accounts/login/")
    assert violations(window) == []


def test_logging_in_and_out(window: Page, live_server: Any, cast: Cast, complaints: list[str]) -> None:
    window.goto(f"{live_server.url}/accounts/login/?next=/accounts/password/change/")
    window.fill("#id_login", "lena")
    window.fill("#id_password", PASSWORD)
    window.keyboard.press("Enter")
    window.wait_for_url("**/accounts/password/change/")
    window.click("[data-menu=user] > summary")
    window.click("text=Log out")
    window.wait_for_url(lambda url: "password" not in url)
    assert not [c for c in window.context.cookies() if c["name"] == settings.SESSION_COOKIE_NAME]
