"""The report in Chromium: sorted, filtered and sliced without loading a page, by keyboard, accessible."""

import re
from typing import Any

import pytest
from django.urls import reverse

from benchmark.report.parts import PARTS
from tests.annotation.conftest import log_in
from tests.benchmark.report.test_figures import CASES, FIRST, LABELS, RIGHT
from tests.factories import benchmark as making
from tests.factories.cast import Cast
from tests.harness.accessibility import violations
from tests.harness.playwright_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHOOSE = """const choose = (name, value) => {
  const select = document.getElementById(name);
  select.value = value;
  select.dispatchEvent(new Event("change", {bubbles: true}));
};"""
#: two choices of somebody quick: the second is made while the first is still on its way
BOTH_AT_ONCE = (
    "chosen => {" + CHOOSE + "for (const [name, value] of Object.entries(chosen)) choose(name, value);}"
)
#: and the second in the very moment in which the part with the first choice stands on the page
ONE_AS_THE_OTHER_ARRIVES = (
    "chosen => {"
    + CHOOSE
    + """const [[first, its], [second, other]] = Object.entries(chosen);
  new MutationObserver((_, watcher) => {
    watcher.disconnect();
    choose(second, other);
  }).observe(document.getElementById("main"), {childList: true});
  choose(first, its);
}"""
)


def test_the_board_changes_in_place_and_can_be_sent_by_its_address(
    window: Page, live_server: Any, cast: Cast
) -> None:
    release = making.preferences(cast, LABELS, changes=CASES)
    made = making.judged(cast, release, making.endpoint("right"), RIGHT)
    making.state_probabilities(made, [0.6, 0.7, 0.8, 0.9] * 2)
    making.judged(cast, release, making.endpoint("first", family="third"), FIRST)
    log_in(window, live_server.url, cast.lena)
    board = live_server.url + reverse("benchmark:report", args=[cast.study.slug, release.pk])
    window.goto(board)
    window.evaluate("window.isTheSame = true")
    table = window.locator("#report-part [aria-label^='Judges,']")
    rows = table.locator("tbody th")
    expect(rows).to_have_text(["right", "first"])
    window.get_by_role("link", name="Judge", exact=True).focus()
    window.keyboard.press("Enter")
    expect(rows).to_have_text(["first", "right"])
    window.get_by_label("Dimension").select_option("creativity")
    expect(table.locator("caption")).to_have_text("Judges in creativity, in percent")
    window.get_by_label("Cases").select_option("organ_system:chest")
    expect(window).to_have_url(re.compile("slice=organ_system%3Achest"))
    expect(table.locator("tbody tr").first.locator("td").nth(1)).to_have_text("4")
    expect(rows).to_have_text(["first", "right"])  # still sorted by name
    assert window.evaluate("window.isTheSame") is True
    window.goto(window.url)
    expect(window.get_by_label("Dimension")).to_have_value("creativity")
    expect(rows).to_have_text(["first", "right"])
    window.evaluate(BOTH_AT_ONCE, {"dimension": "relevance", "slice": ""})  # before the first is answered
    expect(window).to_have_url(re.compile("dimension=relevance&slice=&"))
    expect(table.locator("caption")).to_have_text("Judges in relevance, in percent")
    window.evaluate(ONE_AS_THE_OTHER_ARRIVES, {"dimension": "accuracy", "slice": "organ_system:chest"})
    expect(window).to_have_url(re.compile("dimension=accuracy&slice=organ_system%3Achest&"))
    for part in PARTS:
        window.goto(f"{board}{part}/")
        assert violations(window) == [], part
        assert window.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), part
