"""The dialog by keyboard alone: the focus is in its field, Enter signs, and what was interrupted goes on."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse

from annotation.models import Adjudication
from consilium.signatures.models import Signature, Sitting
from curation.models import PixelReview
from tests.annotation.conftest import log_in
from tests.factories.annotation_pictures import rebuilt, show
from tests.factories.cast import PASSWORD, Cast
from tests.harness.accessibility import violations
from tests.harness.browsers import shut
from tests.harness.playwright_api import Browser, Page, expect
from tests.signatures.at_work import disputed, frozen, waiting_image

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FIELD = "dialog[open] [type=password]"


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A page whose refused requests are expected: Chromium writes each of them on the console."""
    cache.clear()
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if "Content Security" in said.text else None)
    yield page
    shut(context)
    assert heard == []


def enter(page: Page, password: str) -> None:
    """Type into what has the focus, and send."""
    expect(page.locator(FIELD)).to_be_focused()
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def test_pixels_are_signed_by_keyboard_once_per_sitting(tab: Page, live_server: Any, cast: Cast) -> None:
    images = [waiting_image(cast, number) for number in (1, 2)]
    show(rebuilt("CT_small.dcm"))
    log_in(tab, live_server.url, cast.rosa)
    tab.goto(live_server.url + reverse("curation:pixel-review", args=["chest", images[0].pk]))
    expect(tab.locator("[data-needs-all-frames]")).to_be_enabled()
    tab.keyboard.press("c")
    expect(tab.locator("dialog[open]")).to_contain_text(
        "You sign as Rosa: “I looked at every frame and found nothing that names anybody.”"
    )
    assert violations(tab, "dialog[open]") == []
    enter(tab, "not my password")
    expect(tab.locator("dialog[open] [role=alert]")).to_have_text(
        "That is not your password. Nothing was signed."
    )
    assert violations(tab, "dialog[open]") == []
    assert not PixelReview.objects.exists()
    enter(tab, PASSWORD)  # the wrong one is marked, so typing replaces it
    tab.wait_for_url(f"**/pixel-review/{images[1].pk}/")
    expect(tab.locator("[data-needs-all-frames]")).to_be_enabled()
    tab.keyboard.press("c")  # no password this time
    tab.wait_for_url("**/pixel-review/")
    assert Signature.objects.count() == PixelReview.objects.count() == 2
    assert Sitting.objects.count() == 1


def test_who_thinks_again_keeps_what_was_typed(tab: Page, live_server: Any, cast: Cast) -> None:
    image = waiting_image(cast)
    log_in(tab, live_server.url, cast.rosa)
    tab.goto(live_server.url + reverse("curation:pixel-review", args=["chest", image.pk]))
    tab.keyboard.press("w")
    tab.keyboard.type("A name, top left.")
    tab.click("button[value=refuse]")
    expect(tab.locator("dialog[open]")).to_contain_text("“I looked at this image and refuse it.”")
    expect(tab.locator(FIELD)).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.locator("[name=note]")).to_have_value("A name, top left.")
    expect(tab.locator("button[value=refuse]")).to_be_focused()
    tab.keyboard.press("Enter")
    enter(tab, PASSWORD)
    tab.wait_for_url("**/pixel-review/")
    assert (PixelReview.objects.get().note, Signature.objects.get().meaning) == (
        "A name, top left.",
        "pixels_refused",
    )


def test_a_decision_is_signed_before_it_is_sent(window: Page, live_server: Any, cast: Cast) -> None:
    _, claim = disputed(cast)
    log_in(window, live_server.url, cast.rosa)
    window.goto(live_server.url + reverse("annotation:adjudicate", args=[claim.token]))
    window.wait_for_selector("form[data-ready]")
    window.fill("[name=comment]", "The image decides.")
    window.locator("[data-submits]").focus()
    window.keyboard.press("Enter")
    assert violations(window, "dialog[open]") == []
    enter(window, PASSWORD)
    window.wait_for_url("**/work/adjudicate/")
    assert Adjudication.objects.get().comment == "The image decides."
    assert Signature.objects.get().printed_name == "Rosa"


def test_a_sitting_that_ended_meanwhile_is_asked_for_again_and_nothing_is_lost(
    tab: Page, live_server: Any, cast: Cast
) -> None:
    _, claim = disputed(cast)
    log_in(tab, live_server.url, cast.rosa)
    page = live_server.url + reverse("annotation:adjudicate", args=[claim.token])
    tab.goto(page)
    tab.wait_for_selector("form[data-ready]")
    tab.evaluate("document.querySelector('form[data-work]').removeAttribute('data-sign-url')")
    tab.fill("[name=comment]", "The image decides.")
    tab.locator("[data-submits]").click()
    enter(tab, PASSWORD)
    tab.wait_for_url("**/work/adjudicate/")
    assert Adjudication.objects.get().comment == "The image decides."


def test_a_release_is_signed_right_after_its_freeze(tab: Page, live_server: Any, cast: Cast) -> None:
    release = frozen(cast)
    log_in(tab, live_server.url, cast.lena)
    tab.goto(f"{live_server.url}{reverse('curation:release', args=['chest', release.pk])}#opens-sign")
    expect(tab.locator("dialog[open]")).to_contain_text(release.digest[:16])
    assert violations(tab, "dialog[open]") == []
    enter(tab, "not my password")  # a page of its own says so
    expect(tab.locator("[name=password]")).to_be_focused()
    expect(tab.locator("main")).to_contain_text("That is not your password. Nothing was signed.")
    assert violations(tab) == []
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab.locator(".signature")).to_have_text(
        re.compile(r"Signed by Lena \(lead\), .*I release this data")
    )
    assert violations(tab) == []
    assert Signature.objects.count() == 1
