"""One case follows another on the same page: nothing of the last one stays, nothing is sent twice."""

import re
from typing import Any

import pytest
from django.urls import reverse

from annotation.models import Vote
from consilium.workqueue.models import Claim, Submission
from consilium.workqueue.open import close_item
from tests.annotation.conftest import log_in
from tests.factories import annotation as making
from tests.factories.annotation_pictures import opened_with_pictures
from tests.factories.cast import Cast
from tests.harness.accessibility import violations
from tests.harness.playwright_api import Page, Request, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
STILL = "[data-still-missing]"


class Watched:
    """A reader's page on the first of several cases, and every request it makes from then on."""

    def __init__(self, page: Page, url: str, cast: Cast, cases: int = 3) -> None:
        opened_with_pictures(cast, questions=cases)
        self.page, self.first = page, making.claim(cast.study, cast.anna)
        log_in(page, url, cast.anna)
        self.first_path = reverse("annotation:compare", kwargs={"token": self.first.token})
        page.goto(url + self.first_path)
        page.wait_for_selector("form[data-ready]")
        self.seen = list[Request]()
        page.on("request", self.note)

    def note(self, request: Request) -> None:
        self.seen.append(request)

    def vote(self, keys: str = "111111") -> None:
        """All six rows by keyboard, then the next case."""
        before = self.page.url
        for key in keys:
            self.page.keyboard.press(key)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: url != before)

    @property
    def loads(self) -> list[str]:
        return [request.url for request in self.seen if request.is_navigation_request()]

    def sent(self, call: str) -> list[str]:
        return [request.url for request in self.seen if request.url.endswith(f"/{call}/")]


@pytest.fixture
def reader(window: Page, live_server: Any, cast: Cast) -> Watched:
    return Watched(window, live_server.url, cast)


def test_three_cases_in_a_row_load_no_page_and_make_three_votes(reader: Watched) -> None:
    places = set()
    for keys in ("111111", "444444", "222222"):
        expect(reader.page.locator(STILL)).to_have_text("6 rows to answer.")
        expect(reader.page.locator("[name='choices.accuracy']:checked")).to_have_count(0)
        expect(reader.page.locator(".iv-facts")).to_contain_text("W 1647 L -37.5")
        places.add(reader.page.url)
        if keys != "222222":
            reader.vote(keys)
    assert reader.loads == []
    assert len(reader.sent("submit")) == 2
    assert len(places) == 3
    assert Vote.objects.count() == 2
    assert reader.page.evaluate("localStorage.length") == 0


def test_the_last_case_leads_to_the_page_that_says_so(reader: Watched) -> None:
    for _ in range(3):
        reader.vote()
    expect(reader.page.locator("h2").first).to_have_text("Nothing is left for you")
    assert len(reader.loads) == 1
    assert Vote.objects.count() == 3


def test_a_screen_reader_and_the_keyboard_arrive_at_the_next_case(reader: Watched) -> None:
    reader.vote()
    question = reader.page.locator("h1").inner_text()
    expect(reader.page.locator("[data-work-turned]")).to_have_text(f"Next: {question}")
    assert reader.page.evaluate("document.activeElement.id") == "main"
    assert reader.page.locator(".preference[data-active]").count() == 1
    assert violations(reader.page) == []


def test_a_jump_within_the_page_keeps_the_page(reader: Watched) -> None:
    reader.vote()
    reader.page.keyboard.press("2")
    reader.page.locator(".skip-link").focus()
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url(re.compile("#main$"))
    expect(reader.page.locator("[name='choices.accuracy'][value=first_slightly]")).to_be_checked()
    assert [url for url in reader.loads if not url.endswith("#main")] == []


def test_back_leads_to_the_last_case_and_its_vote(reader: Watched) -> None:
    reader.vote()
    reader.page.go_back()
    reader.page.wait_for_url(re.compile(str(reader.first.token)))
    expect(reader.page.locator("[name='choices.accuracy'][value=first_clearly]")).to_be_checked()
    expect(reader.page.locator(".workbench-notice")).to_contain_text("You voted on this case")


def test_one_heartbeat_and_one_draft_whatever_came_before(reader: Watched) -> None:
    """What belonged to the first two cases has ended: a change of the third one is saved once."""
    reader.vote()
    reader.vote()
    reader.page.keyboard.press("3")
    reader.page.locator("[data-work-saved]", has_text="kept on this device").wait_for()
    reader.page.evaluate("dispatchEvent(new Event('online'))")
    reader.page.locator("[data-work-saved]", has_text="saved").wait_for()
    expect(reader.page.locator("[data-work-saved]")).to_contain_text("v1")
    assert len(reader.sent("draft")) == 1
    assert str(reader.first.token) not in reader.sent("draft")[0]


def test_a_reader_of_other_scripts_loads_the_page(reader: Watched) -> None:
    """After an update of the installation the open page has the old scripts: it is loaded anew."""
    reader.page.route(
        "**/submit/",
        lambda route: route.continue_(headers={**route.request.headers, "x-work-screen": "of yesterday"}),
    )
    reader.vote()
    assert len(reader.loads) == 1
    expect(reader.page.locator(STILL)).to_have_text("6 rows to answer.")


class Ready:
    """A reader who looks at a case until the next one and its image are here."""

    def __init__(self, reader: Watched) -> None:
        self.reader, self.before = reader, len(reader.seen)

    def __enter__(self) -> "Ready":
        """Wait for the image, which is fetched last."""
        arrived = self.reader.page.context.expect_event
        with arrived("requestfinished", self.is_image_ahead):
            pass
        self.before = len(self.reader.seen)
        return self

    def is_image_ahead(self, request: Request) -> bool:
        calls = [seen.url for seen in self.reader.seen if seen.url.endswith("/ahead/")]
        return bool(calls) and "/frames/" in request.url

    def __exit__(self, *_: object) -> None:
        self.reader.page.wait_for_selector("form[data-ready]")

    @property
    def asked(self) -> list[str]:
        """What the page asked for since then, besides the case after the next one."""
        urls = ["/".join(request.url.split("/")[3:]) for request in self.reader.seen[self.before :]]
        return [name for name in urls if not name.endswith(("/ahead/", "favicon.svg"))]


def test_the_next_case_and_its_image_are_there_before_they_are_asked_for(reader: Watched) -> None:
    with Ready(reader) as ready:
        reader.vote()
        expect(reader.page.locator(".iv-facts")).to_contain_text("W 1647 L -37.5")
        assert ready.asked == [f"work/{reader.first.token}/submit/"]
    expect(reader.page.locator(".action-bar-status")).to_contain_text("1 of 3 today")
    assert reader.page.locator("[data-hotkey=p]").get_attribute("href") == reader.first_path
    reader.vote("444444")
    assert reader.loads == []
    sent = [one.content["choices"]["overall"] for one in Submission.objects.order_by("pk")]
    assert sent == ["first_clearly", "second_clearly"]
    assert reader.page.evaluate("localStorage.length") == 0


def test_what_another_reader_took_meanwhile_is_not_shown(reader: Watched, cast: Cast) -> None:
    with Ready(reader):
        ready = Claim.objects.get(state="assigned")
        close_item(ready.item, by=cast.lena)
        reader.vote()
    assert str(ready.token) not in reader.page.url
    expect(reader.page.locator(STILL)).to_have_text("6 rows to answer.")
    reader.vote()
    assert Vote.objects.filter(case=ready.item.object_id).count() == 0
    assert Vote.objects.count() == 2


def test_putting_off_shows_what_was_ready_with_the_right_count(reader: Watched) -> None:
    with Ready(reader):
        ready = Claim.objects.get(state="assigned")
        reader.page.locator("[data-work-postpone]").click()
        reader.page.wait_for_url(re.compile(str(ready.token)))
    expect(reader.page.locator(".action-bar-status")).to_contain_text("0 of 3 today")
