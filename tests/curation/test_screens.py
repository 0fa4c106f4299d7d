"""The review workbench and the pixel review in Chromium: by keyboard, without a complaint of the browser."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from consilium.people.models import Person, Study
from consilium.workqueue.claim import next_claim
from curation.models import Image, TraceReview
from curation.traces.review import open_reviews
from tests.factories import curation as making
from tests.factories.cast import PASSWORD, Cast, make_cast
from tests.harness.accessibility import violations
from tests.harness.playwright_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def enter(page: Page, url: str, person: Person) -> None:
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])


@pytest.fixture
def people() -> Cast:
    return make_cast()


def picture(cast: Cast, number: int, **fields: object) -> Image:
    """An image whose frame the viewer can draw: gzip of three colour planes."""
    import gzip

    from consilium.blobs.store import put

    made = making.image(cast.study, making.source(cast.study, f"S{number}"), number)
    frame = put(gzip.compress(bytes([number]) * (32 * 32 * 3), mtime=0), "application/octet-stream")
    facts = {"window": {"center": 128, "width": 256}, "presets": [], "slope": 1, "intercept": 0}
    Image.objects.filter(pk=made.pk).update(frame_blobs=[frame.sha256] * 3, frames=3, facts=facts, **fields)
    made.refresh_from_db()
    return made


def test_a_trace_is_reviewed_by_keyboard(live_server: LiveServer, window: Page, people: Cast) -> None:
    image = picture(people, 200)
    question = making.question(people.study, image.source, 1)
    question.question_images.update(image=image)
    trace = making.trace(question, making.endpoint(), "checked")
    open_reviews(study=people.study, name="R", by=people.lena)
    claim = next_claim(study=people.study, person=people.anna, kind="review")
    assert claim is not None
    enter(window, live_server.url, people.anna)
    window.goto(live_server.url + reverse("curation:review", args=[claim.token]))
    expect(window.locator("form[data-ready]")).to_be_attached()
    expect(window.locator("image-viewer canvas")).to_be_visible()
    window.keyboard.press("a")
    expect(window.locator("[data-review-progress]")).to_have_text("1 of 2 steps")
    window.keyboard.press("e")
    expect(window.locator("#step-2-text")).to_be_focused()
    window.keyboard.type(" Surely.")
    expect(window.locator("#step-2 .diff ins")).to_contain_text("Surely")
    expect(window.locator("[data-review-decision]")).to_contain_text("with your changes")
    window.get_by_role("button", name="Submit").click()
    expect(window).to_have_url(live_server.url + reverse("work:finished", args=["chest", "review"]))
    trace.refresh_from_db()
    assert trace.state == "edited"
    assert [step.text for step in trace.steps.all()] == ["The field is red.", "Red means A. Surely."]


def open_review(window: Page, url: str, people: Cast, traces: int = 1) -> None:
    """The screen of anna's first review; every trace asks for two reviewers, so that hers stays open."""
    Study.objects.filter(pk=people.study.pk).update(settings_data={"reviews_per_trace": 2})
    people.study.refresh_from_db()
    image, endpoint = picture(people, 200), making.endpoint()
    for number in range(1, traces + 1):
        question = making.question(people.study, image.source, number)
        question.question_images.update(image=image)
        making.trace(question, endpoint, "checked")
    open_reviews(study=people.study, name="R", by=people.lena)
    claim = next_claim(study=people.study, person=people.anna, kind="review")
    assert claim is not None
    enter(window, url, people.anna)
    window.goto(url + reverse("curation:review", args=[claim.token]))
    expect(window.locator("form[data-ready]")).to_be_attached()


def test_a_reason_is_chosen_by_number_and_typing_one_is_no_command(
    live_server: LiveServer, window: Page, people: Cast
) -> None:
    open_review(window, live_server.url, people)
    rejected = window.locator("#step-1 input[value=rejected]")
    window.keyboard.press("2")  # no reason is asked yet
    window.keyboard.press("r")
    window.keyboard.type("Offer a jar")
    expect(rejected).to_be_checked()
    expect(window.locator("[data-review-progress]")).to_have_text("1 of 2 steps")
    window.keyboard.press("2")
    expect(window.locator("#step-1 input[value=wrong_fact]")).to_be_checked()
    expect(window.locator("#step-2")).to_have_attribute("data-active", "")
    window.keyboard.press("r")
    window.keyboard.press("Escape")  # back from the reasons: letters decide again
    expect(window.locator("#step-2 input[value=rejected]")).to_be_focused()
    window.keyboard.press("a")
    window.keyboard.press("Enter")
    expect(window).to_have_url(live_server.url + reverse("work:finished", args=["chest", "review"]))
    assert TraceReview.objects.get().steps[0]["reason"] == "wrong_fact"


def test_escape_leaves_the_edit_box(live_server: LiveServer, window: Page, people: Cast) -> None:
    open_review(window, live_server.url, people)
    window.keyboard.press("e")
    window.keyboard.type(" A jar, far.")
    expect(window.locator("#step-1-text")).to_have_value("The field is red. A jar, far.")
    window.keyboard.press("Escape")
    expect(window.locator("#step-1 input[value=edited]")).to_be_focused()
    window.keyboard.press("j")
    window.keyboard.press("a")
    expect(window.locator("[data-review-decision]")).to_contain_text("with your changes")


def test_the_last_review_is_opened_again_and_changed(
    live_server: LiveServer, window: Page, people: Cast
) -> None:
    open_review(window, live_server.url, people, traces=2)
    first = window.url
    expect(window.get_by_role("link", name="Last case")).to_have_count(0)
    window.keyboard.press("f")
    window.keyboard.press("Enter")
    window.wait_for_url(lambda url: url != first)
    window.get_by_role("link", name="Last case").wait_for()
    window.keyboard.press("p")
    expect(window).to_have_url(first)
    expect(window.locator("#step-1 input[value=accepted]")).to_be_checked()
    window.keyboard.press("r")
    window.keyboard.press("1")
    window.get_by_role("button", name="Send the change").click()
    window.wait_for_url(lambda url: url != first)
    assert [review.steps[0]["status"] for review in TraceReview.objects.order_by("pk")] == [
        "accepted",
        "rejected",
    ]


def test_a_rejection_without_a_reason_is_named_at_its_step(
    live_server: LiveServer, window: Page, people: Cast
) -> None:
    image = picture(people, 200)
    question = making.question(people.study, image.source, 1)
    question.question_images.update(image=image)
    making.trace(question, making.endpoint(), "checked")
    open_reviews(study=people.study, name="R", by=people.lena)
    claim = next_claim(study=people.study, person=people.anna, kind="review")
    assert claim is not None
    enter(window, live_server.url, people.anna)
    window.goto(live_server.url + reverse("curation:review", args=[claim.token]))
    expect(window.locator("form[data-ready]")).to_be_attached()
    window.keyboard.press("r")
    expect(window.locator("#step-1 input[value=not_in_image]")).to_be_focused()
    window.keyboard.press("Escape")
    window.keyboard.press("j")
    window.keyboard.press("a")
    submit = window.get_by_role("button", name="Submit")
    submit.click()
    expect(window.locator("[data-error-for='steps.step-1']")).to_have_text("Say why it is rejected.")
    window.locator("#step-1 .reason-tag", has_text="Medically wrong").click()
    submit.click()
    expect(window).to_have_url(live_server.url + reverse("work:finished", args=["chest", "review"]))
    assert TraceReview.objects.get().steps[0]["reason"] == "wrong_fact"


def test_pixels_are_signed_only_after_every_frame_was_shown(
    live_server: LiveServer, window: Page, people: Cast
) -> None:
    image = picture(people, 120, state="quarantined")
    enter(window, live_server.url, people.rosa)
    window.goto(live_server.url + reverse("curation:pixel-review", args=["chest", image.pk]))
    expect(window.locator("#frames-shown")).to_have_text("3 of 3 frames shown.")
    assert window.locator(".contact-sheet canvas").count() == 3
    window.keyboard.press("c")
    expect(window.locator("dialog[open] [type=password]")).to_be_focused()
    window.keyboard.type(PASSWORD)
    window.keyboard.press("Enter")
    expect(window.get_by_text("Nothing waits for a pixel review")).to_be_visible()
    image.refresh_from_db()
    assert image.state == "released"


# Where the picture, the words around it and the bars lie on the screen: left, top, right, bottom of each.
LAYOUT = """() => {
  const rect = (e) => e.getBoundingClientRect().toJSON();
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.textContent.trim());
  const seen = (selector) => shown(selector).map(rect);
  const viewer = document.querySelector("image-viewer");
  const canvas = rect(viewer.canvas), box = viewer.view.box();
  const picture = {left: canvas.left + box.x, top: canvas.top + box.y};
  Object.assign(picture, {right: picture.left + box.width, bottom: picture.top + box.height});
  return {picture, words: seen(".iv-spot"), toasts: seen(".toast"), bars: seen(".top-bar, .action-bar")};
}"""


def apart(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two boxes share no area; half a pixel of rounding is none."""
    return (
        min(one["right"], other["right"]) - max(one["left"], other["left"]) < 0.5
        or min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) < 0.5
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 768), (768, 1024)])
def test_nothing_lies_over_the_picture_that_is_signed_nor_over_the_buttons(
    live_server: LiveServer, window: Page, people: Cast, width: int, height: int
) -> None:
    image = picture(people, 122, state="quarantined")
    image.facts |= {"orientation": ["R", "L", "A", "P"], "laterality": "L"}
    Image.objects.filter(pk=image.pk).update(facts=image.facts)
    enter(window, live_server.url, people.rosa)
    window.set_viewport_size({"width": width, "height": height})
    window.emulate_media(reduced_motion="reduce")
    window.goto(live_server.url + reverse("curation:pixel-review", args=["chest", image.pk]))
    expect(window.locator("#frames-shown")).to_have_text("3 of 3 frames shown.")
    expect(window.locator(".iv-facts")).to_contain_text("1 / 3")
    window.get_by_role("button", name="Refuse").click()  # without a note
    expect(window.locator(".toast")).to_be_visible()
    expect(window.locator(".iv-facts")).to_contain_text("1 / 3")
    found = window.evaluate(LAYOUT)
    shown = found["picture"]
    assert (len(found["words"]), len(found["toasts"]), len(found["bars"])) == (6, 1, 2)
    assert min(shown["right"] - shown["left"], shown["bottom"] - shown["top"]) > 250
    assert shown["left"] >= 0
    assert shown["top"] >= 0
    assert shown["right"] <= width
    assert shown["bottom"] <= height
    assert all(apart(shown, other) for other in found["words"] + found["toasts"] + found["bars"])
    assert all(apart(toast, bar) for toast in found["toasts"] for bar in found["bars"])
    assert violations(window) == []


def test_an_image_with_a_damaged_frame_cannot_be_signed(
    live_server: LiveServer, window: Page, people: Cast
) -> None:
    image = picture(people, 121, state="quarantined")
    Image.objects.filter(pk=image.pk).update(rows=64)
    enter(window, live_server.url, people.rosa)
    window.goto(live_server.url + reverse("curation:pixel-review", args=["chest", image.pk]))
    expect(window.locator("#frames-shown")).to_contain_text("Load the page again")
    expect(window.get_by_role("button", name="Nothing found")).to_be_disabled()
