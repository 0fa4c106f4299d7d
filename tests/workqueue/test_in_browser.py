"""The browser module in Chromium against a real web process: nothing typed is lost, nothing is sent twice."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness.accessibility import violations
from tests.harness.browsers import shut
from tests.harness.once import Put
from tests.harness.playwright_api import Browser, BrowserContext, Error, Page, expect
from tests.harness.servers import wait_until
from tests.workqueue.site import Site

pytestmark = pytest.mark.browser
LOG_OUT = "form[data-signs-out] button"
FIRST = re.compile(r"/test-work/")
Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, put_database: Put) -> Iterator[Site]:
    running = Site(put_database(tmp_path_factory.mktemp("site"))).start()
    yield running
    running.kill()


@pytest.fixture
def opens(site: Site, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Opens]:
    """Opens a browser for a reader and takes the next piece of work (or goes to `path`)."""
    contexts: list[BrowserContext] = []
    heard: list[str] = []

    def go(name: str, path: str = "", context: BrowserContext | None = None) -> Page:
        if context is None:
            context = chromium.new_context()
            contexts.append(context)
            log_in(context, site, name)
        page = context.new_page()
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("console", lambda said: heard.append(said.text) if "Content Security" in said.text else None)
        page.goto(f"{site.url}{path or '/s/race/work/'}")
        if not path:
            page.click("button:text('Start'), a:text('Resume')")
        page.wait_for_selector("form[data-ready]")
        return page

    yield go
    for context in contexts:
        shut(context)
    assert heard == []


def log_in(context: BrowserContext, site: Site, name: str) -> None:
    context.add_cookies([{"name": "sessionid", "value": site.sessions[name], "url": site.url}])


def until(true: Callable[[], Any], what: str) -> None:
    wait_until(lambda: bool(true()), seconds=20, what=what)


def path_of(page: Page) -> str:
    return "/" + page.url.split("/", 3)[3]


def test_answering_leads_to_the_next_case(site: Site, opens: Opens) -> None:
    page = opens("reader0")
    first = page.url
    page.click("text=Second")
    page.fill("[name=note]", "unclear margins")
    page.click("button:text('Submit')")
    page.wait_for_url(lambda url: bool(FIRST.search(url)) and url != first)
    assert site.submissions("reader0") == [{"choices": {"accuracy": "second"}, "note": "unclear margins"}]
    assert page.evaluate("localStorage.length") == 0


def test_nothing_is_sent_until_every_row_is_answered(site: Site, opens: Opens) -> None:
    page = opens("reader1")
    page.click("button:text('Submit')")
    expect(page.locator("[data-work-notice]")).to_have_text("One answer is missing.")
    expect(page.locator(".preference")).to_have_attribute("data-missing", "")
    assert site.submissions("reader1") == []


def test_a_reload_keeps_the_text_at_once_and_the_server_has_it_soon(site: Site, opens: Opens) -> None:
    page = opens("reader2")
    page.fill("[name=note]", "typed a moment ago")
    page.click("text=First")
    page.reload()
    page.wait_for_selector("form[data-ready]")
    expect(page.locator("[name=note]")).to_have_value("typed a moment ago")
    expect(page.locator("[value=first]")).to_be_checked()
    until(lambda: site.drafts("reader2"), "the server has the draft")
    other = opens("reader2", path_of(page))  # another device: nothing local
    expect(other.locator("[name=note]")).to_have_value("typed a moment ago")
    expect(other.locator("[data-work-saved]")).to_have_text(re.compile(r"^saved \d\d:\d\d.*, v\d+$"))


def test_an_answer_given_offline_is_sent_once_by_itself(site: Site, opens: Opens) -> None:
    page = opens("reader3")
    first = page.url
    page.context.set_offline(True)
    page.click("text=First")
    page.click("button:text('Submit')")
    expect(page.locator("[data-work-notice]")).to_contain_text("cannot be reached")
    expect(page.locator("[data-work-waiting]")).to_have_text("1 answer waits to be sent")
    assert site.submissions("reader3") == []
    page.context.set_offline(False)
    page.wait_for_url(lambda url: url != first)
    assert len(site.submissions("reader3")) == 1


def test_a_reply_that_was_lost_is_asked_for_again_and_makes_one_row(site: Site, opens: Opens) -> None:
    page = opens("reader4")
    first = page.url
    lost: list[str] = []

    def lose_the_first(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.post_data)
        route.fetch()  # the server stores it; the browser never hears of it
        route.abort()

    page.route("**/submit/", lose_the_first)
    page.click("text=First")
    page.click("button:text('Submit')")
    page.wait_for_url(lambda url: url != first)
    assert len(site.submissions("reader4")) == 1


def test_a_submission_beyond_the_limit_is_sent_by_itself_when_the_server_says(
    site: Site, opens: Opens
) -> None:
    page, before = opens("reader3"), len(site.submissions("reader3"))
    first, tries = page.url, list[float]()

    def refuse_the_first(route: Any) -> None:
        tries.append(time.monotonic())
        if len(tries) > 1:
            route.continue_()
            return
        body = json.dumps({"error": "That was a lot.", "fields": {}, "retry_after": 3})
        route.fulfill(status=429, headers={"Retry-After": "3"}, body=body, content_type="application/json")

    page.route("**/submit/", refuse_the_first)
    page.click("text=First")
    page.click("button:text('Submit')")
    expect(page.locator("[data-work-notice]")).to_contain_text("Your answer is kept on this device")
    assert "outbox." in page.evaluate("JSON.stringify(localStorage)")
    page.evaluate("dispatchEvent(new Event('online'))")  # not a reason to ask earlier
    page.wait_for_url(lambda url: url != first)
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 3
    assert len(site.submissions("reader3")) == before + 1


def test_a_draft_beyond_the_limit_stays_here_until_the_server_takes_more(site: Site, opens: Opens) -> None:
    page = opens("reader1")
    tries = list[float]()

    def refuse_the_first(route: Any) -> None:
        tries.append(time.monotonic())
        if len(tries) > 1:
            route.continue_()
        else:
            route.fulfill(
                status=429, headers={"Retry-After": "1"}, body="{}", content_type="application/json"
            )

    def ask() -> list[dict[str, Any]]:
        page.evaluate("dispatchEvent(new Event('online'))")  # has the draft sent at once
        return site.drafts("reader1")

    page.route("**/draft/", refuse_the_first)
    page.fill("[name=note]", "typed under the limit")
    ask()
    expect(page.locator("[data-work-saved]")).to_have_text("not saved on the server; kept on this device")
    until(ask, "the server has the draft")
    assert tries[1] - tries[0] >= 1
    assert site.drafts("reader1")[0]["note"] == "typed under the limit"


@pytest.mark.parametrize("is_opened_again", [False, True])
def test_a_draft_whose_reply_was_lost_is_no_other_text(
    site: Site, opens: Opens, is_opened_again: bool
) -> None:
    page = opens("reader4")

    def lose(route: Any) -> None:
        route.fetch()  # the server stores it; the browser never hears of it
        route.abort()

    def save() -> None:
        page.evaluate("dispatchEvent(new Event('online'))")

    page.route("**/draft/", lose)
    page.fill("[name=note]", f"first words {is_opened_again}")
    save()
    expect(page.locator("[data-work-saved]")).to_have_text("not saved on the server; kept on this device")
    page.unroute("**/draft/")
    last = f"first words {is_opened_again}, and more"
    page.fill("[name=note]", last)
    if is_opened_again:
        page.route("**/draft/", lambda route: route.abort())
        page.reload()
        page.wait_for_selector("form[data-ready]")
        page.unroute("**/draft/")

    def is_stored() -> bool:
        save()
        return [draft["note"] for draft in site.drafts("reader4")] == [last]

    until(is_stored, "the server has all of it, and nobody was asked which text to keep")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("[name=note]")).to_have_value(last)


def test_a_page_of_a_captive_portal_is_no_success(site: Site, opens: Opens) -> None:
    page = opens("reader5")
    first = page.url
    page.route(
        "**/submit/",
        lambda route: route.fulfill(body="<h1>Welcome to the hotel</h1>", content_type="text/html"),
    )
    page.click("text=First")
    page.click("button:text('Submit')")
    expect(page.locator("[data-work-notice]")).to_contain_text("cannot be reached")
    assert page.url == first
    page.unroute("**/submit/")
    page.wait_for_url(lambda url: url != first)
    assert len(site.submissions("reader5")) == 1


def test_the_text_survives_the_end_of_the_session_and_is_sent_as_the_same_person(
    site: Site, opens: Opens
) -> None:
    page = opens("reader6")
    first = page.url
    page.fill("[name=note]", "before the session ended")
    page.click("text=First")
    page.context.clear_cookies()
    page.click("button:text('Submit')")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Your session has ended")
    log_in(page.context, site, "reader7")
    expect(dialog).to_contain_text("Somebody else is logged in now")
    assert site.submissions("reader6") == site.submissions("reader7") == []
    log_in(page.context, site, "reader6")
    page.wait_for_url(lambda url: url != first)
    assert site.submissions("reader6") == [
        {"choices": {"accuracy": "first"}, "note": "before the session ended"}
    ]


def test_two_tabs_are_shown_both_texts(site: Site, opens: Opens) -> None:
    one = opens("reader7")
    two = opens("reader7", path_of(one), one.context)
    for page, choice in ((one, "First"), (two, "Second")):
        page.click(f"text={choice}")
    first = one.url
    one.click("button:text('Submit')")
    one.wait_for_url(lambda url: url != first)
    two.click("button:text('Submit')")
    expect(two.locator("dialog[open]")).to_contain_text("version 1 is stored")
    expect(two.locator("dialog[open]")).to_contain_text("accuracy: first")
    assert len(site.submissions("reader7")) == 1
    two.click("text=Keep what is on this page")
    until(lambda: len(site.submissions("reader7")) == 2, "the change is version 2")


def test_a_killed_web_process_loses_nothing(site: Site, opens: Opens) -> None:
    page = opens("reader8")
    first = page.url
    page.fill("[name=note]", "while it was away")
    page.click("text=Second")
    site.kill()
    page.click("button:text('Submit')")
    expect(page.locator("[data-work-notice]")).to_contain_text("cannot be reached")
    site.start()
    page.wait_for_url(lambda url: url != first, timeout=60_000)
    assert [content["note"] for content in site.submissions("reader8")] == ["while it was away"]


def test_what_waited_in_a_closed_tab_is_sent_from_the_queue_page(site: Site, opens: Opens) -> None:
    page = opens("reader9")
    page.route("**/submit/", lambda route: route.abort())
    page.click("text=First")
    page.click("button:text('Submit')")
    expect(page.locator("[data-work-waiting]")).to_be_visible()
    context = page.context
    page.close()
    later = context.new_page()
    later.goto(f"{site.url}/s/race/work/")
    expect(later.locator("[data-work-notice]")).to_contain_text("stored now")
    assert len(site.submissions("reader9")) == 1
    assert later.evaluate("localStorage.length") == 0


def test_putting_off_and_skipping(site: Site, opens: Opens) -> None:
    page = opens("reader10")
    first = page.url
    page.click("[data-work-postpone]")
    page.wait_for_url(lambda url: bool(FIRST.search(url)) and url != first)
    second = page.url
    page.wait_for_selector("form[data-ready]")
    page.click("[data-work-skip]")
    page.click("dialog button:text('Skip it')")
    expect(page.locator("dialog textarea")).to_have_attribute("aria-invalid", "true")
    page.fill("dialog textarea", "Outside my field")
    page.click("dialog button:text('Skip it')")
    page.wait_for_url(lambda url: bool(FIRST.search(url)) and url != second)
    states = site.rows(
        "SELECT c.state FROM work_claim c JOIN people_person p ON p.id = c.person_id "
        "WHERE p.username = 'reader10' ORDER BY c.id"
    )
    assert [state for (state,) in states] == ["postponed", "skipped", "claimed"]


def test_finishing_for_today_leads_to_the_queue_and_opens_nothing(site: Site, opens: Opens) -> None:
    page = opens("reader4")
    page.fill("[name=note]", "half a thought")
    page.click("[data-work-finish]")
    page.wait_for_url(f"{site.url}/s/race/work/")
    expect(page.locator(".toast")).to_contain_text("Put off.")
    expect(page.get_by_role("link", name="Go on where you were")).to_have_count(0)
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    assert site.drafts("reader4") == [{"note": "half a thought"}]


def test_keys_choose_and_rest_while_somebody_types(site: Site, opens: Opens) -> None:
    page = opens("reader11")
    page.keyboard.press("2")
    expect(page.locator("[value=second]")).to_be_checked()
    page.focus("[name=note]")
    page.keyboard.type("1 of 3")
    expect(page.locator("[value=second]")).to_be_checked()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_contain_text("Choose in the current row")
    page.keyboard.press("1")
    expect(page.locator("[value=second]")).to_be_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("[value=first]")).to_be_checked()
    first = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != first)
    assert site.submissions("reader11") == [{"choices": {"accuracy": "first"}, "note": "1 of 3"}]


def test_content_nests_by_dots_and_back(opens: Opens) -> None:
    page = opens("reader0")
    found = page.evaluate(
        """async () => {
          const { nest, flatten, sameContent } = await import("/static/workqueue/form_content.js");
          const flat = new Map([["a.b", "1"], ["a.c", "2"], ["steps.0.verdict", "accept"],
                                ["steps.1.verdict", "edit"], ["__proto__.x", "3"], ["plain", true]]);
          const content = nest(flat);
          return [JSON.stringify(content), [...flatten(content).keys()].join(), ({}).x === undefined,
                  sameContent({a: 1, b: [2]}, {b: [2], a: 1}), sameContent({a: 1}, {a: 2})];
        }"""
    )
    assert found == [
        '{"a":{"b":"1","c":"2"},"steps":[{"verdict":"accept"},{"verdict":"edit"}],"__proto__":{"x":"3"},"plain":true}',
        "a.b,a.c,steps.0.verdict,steps.1.verdict,__proto__.x,plain",
        True,
        True,
        False,
    ]


def test_active_time_counts_only_work(opens: Opens) -> None:
    page = opens("reader0")
    assert (
        page.evaluate(
            """async () => {
          const { ActiveTime } = await import("/static/workqueue/active_time.js");
          let clock = 0;
          const time = new ActiveTime(10, () => clock);
          const second = (visible) => { clock += 1000; time.tick(visible); };
          const pass = (seconds, visible) => { for (let i = 0; i < seconds; i++) second(visible); };
          time.sign(); pass(30, true);            // works
          pass(30, false);                        // looks elsewhere
          time.sign(); pass(600, true);           // goes for lunch: 59 s count
          clock += 8 * 3600 * 1000; time.tick(true); // the laptop slept
          time.sign(); pass(1, true);
          return time.seconds;
        }"""
        )
        == 10 + 30 + 59 + 1
    )


def test_nobody_else_on_the_same_computer_sees_the_text(site: Site, opens: Opens) -> None:
    page = opens("reader1")
    page.fill("[name=note]", "only mine")
    until(lambda: page.evaluate("localStorage.length") > 0, "the text is kept")
    log_in(page.context, site, "reader2")
    other = opens("reader2", context=page.context)
    assert "only mine" not in other.content()


def test_logging_out_hands_the_text_to_the_server_and_forgets_it_here(site: Site, opens: Opens) -> None:
    page = opens("reader5")
    page.fill("[name=note]", "written before logging out")
    page.click("[data-menu=user] > summary")
    page.click(LOG_OUT)
    page.wait_for_url(lambda url: not FIRST.search(url))
    assert [draft["note"] for draft in site.drafts("reader5")] == ["written before logging out"]
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('consilium.work'))") == []


def test_logging_out_warns_while_something_is_not_saved(site: Site, opens: Opens) -> None:
    page = opens("reader8")
    page.route("**/draft/", lambda route: route.abort())
    page.fill("[name=note]", "not on the server")
    page.click("[data-menu=user] > summary")
    page.click(LOG_OUT)
    expect(page.locator("dialog[open]")).to_contain_text("has not reached the server")
    page.click("dialog button:text('Stay')")
    expect(page.locator("[name=note]")).to_have_value("not on the server")
    page.click("[data-menu=user] > summary")
    page.click(LOG_OUT)
    page.click("text=Log out and lose it")
    page.wait_for_url(lambda url: not FIRST.search(url))
    assert "not on the server" not in page.evaluate("JSON.stringify(localStorage)")


@pytest.mark.parametrize("path", ["/s/race/work/", "/s/race/work/test/"])
def test_the_queue_pages_are_accessible_in_both_themes(
    site: Site,
    chromium: Browser,
    path: str,
) -> None:
    context = chromium.new_context()
    log_in(context, site, "reader3")
    page = context.new_page()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="light" if theme == "light" else "dark")
        page.goto(f"{site.url}{path}")
        assert violations(page) == []
    shut(context)


def test_the_text_is_there_again_after_the_tab_crashed(site: Site, opens: Opens) -> None:
    page = opens("reader9")
    place = path_of(page)
    page.route("**/draft/", lambda route: route.abort())  # the server has not heard of it
    page.fill("[name=note]", "typed before the crash")
    until(lambda: "before the crash" in page.evaluate("JSON.stringify(localStorage)"), "the text is kept")
    with page.expect_event("crash"), suppress(Error):
        page.goto("chrome://crash")
    page.close()  # as the reader does with it
    again = opens("reader9", place, page.context)
    expect(again.locator("[name=note]")).to_have_value("typed before the crash")


def test_a_readers_clock_that_is_wrong_counts_for_nothing(
    site: Site, opens: Opens, chromium: Browser
) -> None:
    context, before = chromium.new_context(), len(site.submissions("reader2"))
    # Four hundred days ahead, and a day further with every look.
    context.add_init_script(
        "let jumps = 400; const real = Date.now; Date.now = () => real() + (jumps += 1) * 86400000;"
    )
    log_in(context, site, "reader2")
    page = context.new_page()
    page.goto(f"{site.url}/s/race/work/")
    page.click("button:text('Start'), a:text('Resume')")
    page.wait_for_selector("form[data-ready]")
    first = page.url
    page.fill("[name=note]", "by a wrong clock")
    page.click("text=First")
    page.click("button:text('Submit')")
    page.wait_for_url(lambda url: url != first)
    assert len(site.submissions("reader2")) == before + 1
    (stored,) = site.rows("SELECT submitted_at, active_seconds FROM work_submission ORDER BY id DESC LIMIT 1")
    assert abs(datetime.fromisoformat(stored[0]).replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(
        minutes=5
    )
    assert 0 <= stored[1] < 300
    shut(context)
