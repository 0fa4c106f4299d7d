"""Reading, voting and deciding by keyboard in Chromium."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from annotation.models import Case, Vote
from annotation.states import CaseState
from consilium.workqueue.models import Claim
from tests.annotation.conftest import log_in
from tests.factories import annotation as making
from tests.factories.annotation_pictures import opened_with_pictures
from tests.factories.cast import PASSWORD, Cast
from tests.harness.accessibility import violations
from tests.harness.browsers import shut
from tests.harness.playwright_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCREENS = ((1280, 800), (1920, 1080))


def shoot(page: Page, name: str) -> None:
    """Screenshots in light and dark, when CONSILIUM_SHOTS names a folder."""
    folder = os.environ.get("CONSILIUM_SHOTS")
    if not folder:
        return
    before = page.viewport_size
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(150)
            page.screenshot(path=Path(folder) / f"{name}-{width}-{theme}.png")
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)


def shoot_tablet(page: Page) -> None:
    if folder := os.environ.get("CONSILIUM_SHOTS"):
        page.set_viewport_size({"width": 820, "height": 1180})
        page.screenshot(path=Path(folder) / "compare-tablet.png")


def until(page: Page, condition: str, seconds: float = 5) -> None:
    """Poll; wait_for_function needs eval, which the policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(20)


def open_screen(page: Page, url: str, claim: Claim) -> None:
    log_in(page, url, claim.person)
    name = f"annotation:{claim.item.kind}"
    page.goto(url + reverse(name, kwargs={"token": claim.token}))


def test_a_reader_votes_by_keyboard_and_gets_the_next_case(
    window: Page, live_server: Any, cast: Cast
) -> None:
    opened_with_pictures(cast, questions=2)
    claim = making.claim(cast.study, cast.anna)
    open_screen(window, live_server.url, claim)
    submit = window.locator("[data-submits]")
    still = window.locator("[data-still-missing]")
    expect(still).to_have_text("6 rows to answer.")
    expect(submit).to_be_disabled()
    shoot(window, "compare-empty")
    for key in "123":
        window.keyboard.press(key)
    expect(still).to_have_text("Still to answer: creativity, responsiveness, overall.")
    window.keyboard.press("0")  # creativity cannot be judged: its reason is asked at once
    expect(still).to_have_text("Still to answer: the reason for creativity, responsiveness, overall.")
    assert violations(window) == []
    window.keyboard.press("Enter")
    assert not Vote.objects.exists()
    shoot(window, "compare-reason")
    window.keyboard.press("3")
    window.keyboard.press("4")
    expect(submit).to_be_disabled()
    window.keyboard.press("2")
    expect(submit).to_be_enabled()
    expect(still).to_have_text("Every row is answered.")
    window.keyboard.press("d")
    shoot(window, "compare-full")
    window.keyboard.press("Enter")
    window.wait_for_url(lambda url: str(claim.token) not in url)
    assert "/compare/" in window.url
    vote = Vote.objects.get()
    chosen = [vote.accuracy, vote.relevance, vote.comprehensiveness, vote.creativity]
    first, second = ("a", "b") if claim.shown["first"] == "a" else ("b", "a")
    assert chosen == [f"{first}_clearly", f"{first}_slightly", f"{second}_slightly", "cannot_judge"]
    assert vote.cannot_judge_reasons == {"creativity": "outside_specialty"}
    assert (vote.responsiveness, vote.overall) == (f"{second}_clearly", f"{first}_slightly")


def test_digits_vote_after_the_image_was_dragged(window: Page, live_server: Any, cast: Cast) -> None:
    opened_with_pictures(cast)
    open_screen(window, live_server.url, making.claim(cast.study, cast.anna))
    facts, still = window.locator(".iv-facts"), window.locator("[data-still-missing]")
    expect(facts).to_contain_text("W 1647 L -37.5")
    box = window.locator(".iv-stage").bounding_box()
    assert box is not None
    window.mouse.move(box["x"] + 200, box["y"] + 200)
    window.mouse.down()
    window.mouse.move(box["x"] + 250, box["y"] + 200)
    window.mouse.up()
    expect(window.locator(".iv-stage")).to_be_focused()
    window.keyboard.press("Shift+Digit3")  # the viewer's own keys are modified ones
    expect(facts).to_contain_text("W 1500 L -600")
    expect(still).to_have_text("6 rows to answer.")
    window.keyboard.press("2")
    expect(window.locator("[name='choices.accuracy'][value=first_slightly]")).to_be_checked()
    window.locator(".iv-select").first.focus()  # a list would search for the digit
    window.keyboard.press("1")
    expect(window.locator("[name='choices.relevance'][value=first_clearly]")).to_be_checked()
    expect(facts).to_contain_text("W 1500 L -600")
    window.get_by_label("W", exact=True).fill("")
    window.keyboard.type("12")
    expect(window.get_by_label("W", exact=True)).to_have_value("12")
    expect(still).to_have_text("Still to answer: comprehensiveness, creativity, responsiveness, overall.")


def test_a_wide_answer_never_makes_the_page_scroll(window: Page, live_server: Any, cast: Cast) -> None:
    opened_with_pictures(cast)
    case = making.only_case()
    for response in (case.response_a, case.response_b):
        response.text = "A long sentence about the left lung. " * 300
        response.save()
    open_screen(window, live_server.url, making.claim(cast.study, cast.anna))
    for key in "000000":
        window.keyboard.press(key)
        window.keyboard.press("1")
    shoot_tablet(window)
    for width, height in (*SCREENS, (1024, 768), (820, 1180)):
        window.set_viewport_size({"width": width, "height": height})
        page = window.evaluate(
            "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
        )
        assert page == [height, width]
        assert window.locator("[data-submits]").is_visible()
    assert window.evaluate("document.querySelector('.answer-body').clientHeight") >= 100


def test_both_answers_scroll_together_when_the_reader_wants_that(
    window: Page, live_server: Any, cast: Cast
) -> None:
    opened_with_pictures(cast)
    case = making.only_case()
    for number, response in enumerate((case.response_a, case.response_b), start=1):
        response.text = "A long sentence about the left lung. " * 200 * number
        response.save()
    open_screen(window, live_server.url, making.claim(cast.study, cast.anna))
    tops = "[...document.querySelectorAll('.answer-body')].map((body) => body.scrollTop)"
    window.locator(".answer-body").first.hover()
    window.mouse.wheel(0, 300)
    until(window, f"{tops}[0] > 0")
    assert window.evaluate(tops)[1] == 0
    window.keyboard.press("l")
    window.mouse.wheel(0, 100)
    until(window, f"{tops}[1] > 0")
    window.reload()
    expect(window.locator("[data-toggles=linked]")).to_have_attribute("aria-pressed", "true")


def test_what_differs_is_marked_when_asked_and_no_text_changes(
    window: Page, live_server: Any, cast: Cast
) -> None:
    opened_with_pictures(cast, questions=2)
    texts = {
        "response_a": "A <b>fracture</b> of the left wrist.\n\n 2  mm",
        "response_b": "A <b>fracture</b> of the right wrist.\n 2  mm",
    }
    for case in Case.objects.all():
        for side, text in texts.items():
            response = getattr(case, side)
            response.text = text
            response.save()
    claim = making.claim(cast.study, cast.anna)
    open_screen(window, live_server.url, claim)
    marked = window.locator(".differs")
    expect(marked).to_have_count(0)
    window.keyboard.press("d")
    words = ["left", "right"] if claim.shown["first"] == "a" else ["right", "left"]
    expect(marked).to_have_text(words)
    bodies = window.evaluate("[...document.querySelectorAll('.answer-body')].map((body) => body.textContent)")
    assert set(bodies) == set(texts.values())
    window.keyboard.press("d")
    assert marked.first.evaluate("(word) => getComputedStyle(word).backgroundColor") == "rgba(0, 0, 0, 0)"
    window.keyboard.press("d")
    for _ in range(6):
        window.keyboard.press("1")
    window.keyboard.press("Enter")
    expect(window.locator("[data-still-missing]")).to_have_text("6 rows to answer.")
    expect(marked).to_have_count(2)  # remembered for the next case


def test_a_half_finished_vote_survives_a_reload(window: Page, live_server: Any, cast: Cast) -> None:
    opened_with_pictures(cast)
    open_screen(window, live_server.url, making.claim(cast.study, cast.anna))
    window.keyboard.press("0")
    window.keyboard.press("2")
    window.locator(".verdict-note").nth(1).click()
    window.keyboard.type("The second one names the side.")
    window.locator("[data-work-saved]", has_text="kept on this device").wait_for()
    window.reload()
    expect(window.locator("[name='choices.accuracy'][value=cannot_judge]")).to_be_checked()
    expect(window.locator("[name='reasons.accuracy'][value=image_unreadable]")).to_be_checked()
    expect(window.locator("[name='rationales.relevance']")).to_have_value("The second one names the side.")
    expect(window.locator("[name='rationales.relevance']")).to_be_visible()


def test_a_stored_vote_is_changed(window: Page, live_server: Any, cast: Cast) -> None:
    opened_with_pictures(cast, questions=2)
    first = making.claim(cast.study, cast.anna)
    making.send(first, making.content("second_slightly"))
    second = making.claim(cast.study, cast.anna)
    open_screen(window, live_server.url, second)
    window.keyboard.press("p")
    window.wait_for_url(f"**/compare/{first.token}/")
    window.goto(f"{live_server.url}/compare/{second.token}/")
    window.locator(".verdict-note").first.click()
    window.keyboard.press("Backspace")  # deletes in a text field
    window.keyboard.press("Escape")
    window.keyboard.press("Backspace")
    window.wait_for_url(f"**/compare/{first.token}/")
    expect(window.locator("[name='choices.overall'][value=second_slightly]")).to_be_checked()
    shoot(window, "compare-revise")
    window.locator("[data-dimension='choices.overall']").click()
    window.keyboard.press("1")
    window.keyboard.press("Enter")
    window.wait_for_url(lambda url: str(first.token) not in url)
    assert Vote.objects.filter(case=first.item.object_id).counted().get().overall[0] == first.shown["first"]
    assert Vote.objects.filter(case=first.item.object_id).count() == 2


def test_harm_is_flagged_by_key(window: Page, live_server: Any, cast: Cast) -> None:
    opened_with_pictures(cast)
    claim = making.claim(cast.study, cast.anna)
    open_screen(window, live_server.url, claim)
    for value in ("first", "second", "both", "neither", "first"):
        window.keyboard.press("h")
        expect(window.locator(f"[name=harm][value={value}]")).to_be_checked()
    window.keyboard.press("?")
    expect(window.locator("#shortcut-list")).to_contain_text("Could an answer harm a patient?")
    window.keyboard.press("Escape")
    for key in "111111":  # the rows keep their keys meanwhile
        window.keyboard.press(key)
    window.keyboard.press("Enter")
    window.wait_for_url("**/work/compare/")
    assert Vote.objects.get().harm == claim.shown["first"]


def test_a_senior_votes_unseen_and_then_decides(window: Page, live_server: Any, cast: Cast) -> None:
    making.set_up(cast.study, quiet_hours=0, senior_on_any_split=True)
    opened_with_pictures(cast)
    for person, letter in zip(cast.annotators, "aab", strict=True):
        claim = making.claim(cast.study, person)
        body = making.content("second_slightly", accuracy=making.shown(claim, letter))
        making.send(claim, body | {"rationales": {"accuracy": "It names the wrong side."}})
    open_screen(window, live_server.url, making.claim(cast.study, cast.rosa, "adjudicate"))
    window.locator("[data-work-finish]").click()
    window.wait_for_url("**/work/")
    claim = making.claim(cast.study, cast.rosa, "adjudicate")
    open_screen(window, live_server.url, claim)
    assert window.locator("[data-adopts]").count() == 0
    shoot(window, "adjudicate-blind")
    for key in "111111":
        window.keyboard.press(key)
    window.keyboard.press("Enter")
    window.wait_for_selector("[data-adopts]")
    expect(window.locator("[name='choices.overall'][value=first_clearly]")).to_be_checked()
    shoot(window, "adjudicate")
    assert violations(window) == []
    chip = window.locator("[data-adopts='choices.accuracy'][title^='Reader 3']")
    adopted = chip.get_attribute("data-value")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    window.fill("[name=comment]", "The third reader is right.")
    window.locator("[data-submits]").click()
    window.wait_for_selector("dialog[open] [type=password]")
    window.keyboard.type(PASSWORD)
    window.keyboard.press("Enter")
    window.wait_for_url("**/work/adjudicate/")
    case = making.only_case()
    assert case.state == CaseState.SETTLED
    assert case.consensus.get(dimension="accuracy").label == "B"
    assert adopted == making.shown(claim, "b")


# Bars whose texts lie over one another or reach out of them, by class.
OVERLAPS = """[".answer-header", ".verdict-columns", ".harm-line", ".action-bar"].flatMap((name) =>
  [...document.querySelectorAll(name)].filter((bar) => {
    const { left, right } = bar.getBoundingClientRect();
    const extent = (part) => {
      const range = document.createRange();
      range.selectNodeContents(part);
      return range.getBoundingClientRect();
    };
    const boxes = [...bar.children].map(extent).filter((box) => box.width);
    const over = (one, two) => one.left < two.right - 1 && two.left < one.right - 1
      && one.top < two.bottom - 1 && two.top < one.bottom - 1;
    return boxes.some((box, at) => box.left < left - 1 || box.right > right + 1
      || boxes.slice(at + 1).some((other) => over(box, other)));
  }).map(() => name))"""
LINES = """Math.min(...[...document.querySelectorAll(".answer-body")].map(
  (body) => body.clientHeight / parseFloat(getComputedStyle(body).lineHeight)))"""
ROW_IN_SIGHT = """(() => {
  const [frame, row] = [".verdict", ".verdict [data-active]"].map(
    (name) => document.querySelector(name).getBoundingClientRect());
  return row.top >= frame.top - 1 && row.bottom <= frame.bottom + 1;
})()"""


@pytest.mark.parametrize(
    ("width", "height", "text", "is_touch"),
    [
        (1280, 800, "normal", False),
        (1280, 800, "larger", False),
        (768, 1024, "normal", True),
        (1024, 768, "normal", True),
    ],
)
def test_ten_lines_of_the_answers_stay_in_sight(
    chromium: Browser, live_server: Any, cast: Cast, width: int, height: int, text: str, is_touch: bool
) -> None:
    opened_with_pictures(cast, questions=2)
    making.send(making.claim(cast.study, cast.anna), making.content("second_slightly"))
    context = chromium.new_context(viewport={"width": width, "height": height}, has_touch=is_touch)
    page = context.new_page()
    open_screen(page, live_server.url, making.claim(cast.study, cast.anna))
    context.add_cookies([{"name": "consilium_text", "value": text, "url": live_server.url}])
    page.reload()
    expect(page.locator("form[data-ready]")).to_be_visible()
    for key in "123012":  # the 0 opens a reason, which is the next row
        assert page.evaluate(ROW_IN_SIGHT)
        assert page.evaluate(LINES) >= 10
        assert page.evaluate(OVERLAPS) == []
        page.keyboard.press(key)
    shut(context)
