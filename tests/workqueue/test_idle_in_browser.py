"""The idle time-out in Chromium: a warning that the keyboard answers, work that is kept, and kept apart."""

import hashlib
import re
from collections.abc import Iterator

import pytest

from tests.factories.cast import PASSWORD
from tests.harness.accessibility import violations
from tests.harness.browsers import shut
from tests.harness.once import Put
from tests.harness.playwright_api import Browser, BrowserContext, Page, expect
from tests.harness.servers import wait_until
from tests.workqueue.site import Site

pytestmark = pytest.mark.browser
MINUTES = 2
DIALOG = "dialog[role=alertdialog]"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, put_database: Put) -> Iterator[Site]:
    limit = {"CONSILIUM_IDLE_MINUTES": str(MINUTES)}
    running = Site(put_database(tmp_path_factory.mktemp("site")), items=12, database=limit).start()
    yield running
    running.kill()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    found = chromium.new_context()
    yield found
    shut(found)


def at_work(context: BrowserContext, site: Site, name: str) -> Page:
    """A piece of work, in a browser whose clock the test turns."""
    enter(context, site, name)
    page = context.new_page()
    page.clock.install()
    page.goto(f"{site.url}/s/race/work/")
    page.click("button:text('Start'), a:text('Resume')")
    page.wait_for_selector("form[data-ready]")
    return page


def enter(context: BrowserContext, site: Site, name: str) -> None:
    context.clear_cookies()
    context.add_cookies([{"name": "sessionid", "value": site.sessions[name], "url": site.url}])


def test_the_warning_is_answered_by_one_key_and_typing_prevents_it(
    site: Site, context: BrowserContext
) -> None:
    page = at_work(context, site, "reader0")
    page.clock.run_for(50_000)
    page.fill("[name=note]", "still here")
    page.keyboard.press("End")
    # One save at a time: a clock that is turned is faster than the server.
    page.clock.run_for(11_000)
    expect(page.locator("[data-work-saved]")).to_have_text(re.compile("^saved"))
    page.clock.run_for(39_000)
    expect(page.locator(DIALOG)).to_have_count(0)
    page.clock.run_for(15_000)
    dialog = page.locator(DIALOG)
    expect(dialog).to_contain_text(re.compile(r"logged out in [45]\d seconds"))
    expect(dialog.locator("button:text('Stay logged in')")).to_be_focused()
    page.mouse.move(10, 10)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    page.clock.run_for(55_000)
    expect(page.locator(DIALOG)).to_have_count(0)
    page.clock.run_for(10_000)
    expect(page.locator(DIALOG)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_have_count(0)
    expect(page.locator("[name=note]")).to_have_value("still here")
    page.clock.run_for(65_000)
    expect(page.locator(DIALOG)).to_have_count(1)
    assert violations(page) == []


def test_after_the_time_the_page_is_gone_and_the_text_waits_for_its_owner_alone(
    site: Site, context: BrowserContext
) -> None:
    page = at_work(context, site, "reader1")
    work = page.url
    page.route("**/draft/", lambda route: route.abort())  # the server has nothing of it
    page.fill("[name=note]", "what only this computer holds")
    page.clock.run_for(1000)
    page.clock.run_for(MINUTES * 60_000 + 7000)
    page.wait_for_url(lambda url: "/accounts/login/" in url)
    expect(page.locator("body")).to_contain_text("What you wrote is kept for you")
    wait_until(lambda: not _is_alive(site, "reader1"), seconds=10, what="the session has ended")
    page.close()

    other = at_work(context, site, "reader2")
    assert other.url != work
    expect(other.locator("[name=note]")).to_have_value("")
    other.click("text=First")
    other.click("button:text('Submit')")
    other.wait_for_url(lambda url: url != work and "/test-work/" in url)
    assert other.goto(work).status == 404  # type: ignore[union-attr]
    other.close()
    assert [one["note"] for one in site.submissions("reader2")] == [""]
    assert site.submissions("reader1") == []

    context.clear_cookies()
    again = context.new_page()
    log_in(again, site, "reader1", work)
    again.wait_for_selector("form[data-ready]")
    expect(again.locator("[name=note]")).to_have_value("what only this computer holds")


def log_in(page: Page, site: Site, name: str, wanted: str) -> None:
    """Through the login page, to which the wanted one leads."""
    hashed = hashlib.md5(f"salt{PASSWORD}".encode()).hexdigest()
    site.change("UPDATE people_person SET password = ? WHERE username = ?", f"md5$salt${hashed}", name)
    page.goto(wanted)
    page.fill("[name=login]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(wanted)


def _is_alive(site: Site, name: str) -> bool:
    return bool(site.rows("SELECT 1 FROM django_session WHERE session_key = ?", site.sessions[name]))
