"""The page in Chromium: empty and in the middle of an exchange, no complaint and no sideways scroll."""

from typing import Any

import pytest
from django.urls import reverse

from tests.annotation.conftest import log_in
from tests.factories.cast import Cast
from tests.factories.label_studio import exchange
from tests.harness.accessibility import violations
from tests.harness.playwright_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_page_before_and_in_the_middle_of_an_exchange(window: Page, live_server: Any, cast: Cast) -> None:
    log_in(window, live_server.url, cast.lena)
    address = live_server.url + reverse("annotation:label-studio", kwargs={"study": "chest"})
    window.goto(address)
    expect(window.get_by_label("Access token")).to_be_visible()
    assert violations(window) == []
    exchange(cast.study, cast.lena)
    window.goto(address)
    assert violations(window) == []
    assert window.evaluate("document.documentElement.scrollWidth") <= 1280
    expect(window.get_by_label("Access token")).to_be_hidden()
    window.get_by_text("Another address or token").click()
    expect(window.get_by_label("Access token")).to_be_visible()
    assert violations(window) == []
    window.get_by_label("Who reader2@labels.clinic.example is").select_option(label="Carla")
    window.get_by_role("row", name="reader2@labels.clinic.example").get_by_role("button", name="Save").click()
    expect(window.get_by_text("reader2@labels.clinic.example is Carla")).to_be_visible()
