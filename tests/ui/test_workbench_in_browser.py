"""The compare workbench holds what a reader needs: image, both answers, six rows, the submit button."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template.loader import get_template
from django.test import RequestFactory

from consilium.answers.dimensions import DIMENSIONS
from dashboard.design_system import STEPS
from tests.harness.accessibility import violations
from tests.harness.playwright_api import FloatRect, Page

pytestmark = pytest.mark.browser

STATIC = Path(settings.BASE_DIR) / "static"
ANSWER = "<p>The picture shows a dense focus with radiating strands in the upper lobe.</p>" * 30
BODY = """{% extends "base_workbench.html" %}{% load ui %}
{% block title %}Compare{% endblock %}{% block workbench %}<form class="workbench">
  <section class="workbench-image" aria-label="Images"></section>
  <section class="workbench-text" aria-label="Question and answers">
    <header class="workbench-question"><h1>What does the picture show, and which step follows?</h1></header>
    <div class="answers">
      <article class="answer"><header class="answer-header"><h2>First answer</h2></header>
        <div class="answer-body" tabindex="0">{{ answer|safe }}</div></article>
      <article class="answer"><header class="answer-header"><h2>Second answer</h2></header>
        <div class="answer-body" tabindex="0">{{ answer|safe }}</div></article>
    </div>
    <div class="verdict">
      {% for name in dimensions %}{% preference_row name name steps other %}{% endfor %}
    </div>
  </section>
  <footer class="action-bar"><button class="button button-primary">Submit</button></footer>
</form>{% endblock %}"""

Show = Callable[..., Page]


@pytest.fixture
def show(window: Page) -> Show:
    """Puts the workbench into the window at a size; its files come straight from static/."""

    def serve(route: Any) -> None:
        path = STATIC / route.request.url.split("/static/")[-1]
        route.fulfill(path=path) if path.is_file() else route.fulfill(status=404)

    def render(width: int, height: int) -> Page:
        request = RequestFactory().get("/")
        request.user = AnonymousUser()
        template = get_template("base_workbench.html").backend.from_string(BODY)  # type: ignore[attr-defined]
        context = {"steps": STEPS, "other": ("cannot_judge", "Cannot judge"), "dimensions": DIMENSIONS}
        html = template.render({**context, "answer": ANSWER}, request)
        window.route("**/static/**", serve)
        window.route(
            "http://consilium.test/", lambda route: route.fulfill(body=html, content_type="text/html")
        )
        window.set_viewport_size({"width": width, "height": height})
        window.goto("http://consilium.test/")
        return window

    return render


def box(page: Page, selector: str) -> FloatRect:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080), (1180, 820)])
def test_everything_is_in_view_without_scrolling_the_page(show: Show, width: int, height: int) -> None:
    page = show(width, height)
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    rows = page.locator(".preference")
    assert rows.count() == 6
    for selector in (".action-bar", ".preference >> nth=5", ".answer-body >> nth=1", ".workbench-image"):
        found = box(page, selector)
        assert found["y"] >= 0
        assert found["y"] + found["height"] <= height
    assert box(page, ".answer-body >> nth=0")["height"] >= 280
    assert box(page, ".preference >> nth=5")["height"] >= 24


def test_answers_scroll_by_themselves(show: Show) -> None:
    body = show(1280, 800).locator(".answer-body").first
    body.evaluate("element => element.scrollTo(0, 200)")
    assert body.evaluate("element => element.scrollTop") == 200


def test_the_longest_dimension_is_not_cut_off(show: Show) -> None:
    page = show(1280, 800)
    wide = "names => names.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)"
    assert page.locator(".preference-name").evaluate_all(wide) == []


def test_neither_side_looks_different(show: Show) -> None:
    page = show(1280, 800)
    style = (
        "element => { const s = getComputedStyle(element); return [s.color, s.backgroundColor, s.fontSize]; }"
    )
    first, second = (page.locator(".answer-body").nth(index).evaluate(style) for index in (0, 1))
    assert first == second
    widths = [box(page, f".answer-body >> nth={index}")["width"] for index in (0, 1)]
    assert widths[0] == pytest.approx(widths[1], abs=1.5)


def test_on_a_narrow_screen_the_panes_stack_and_the_page_scrolls(show: Show) -> None:
    page = show(820, 1180)
    assert page.evaluate("document.documentElement.scrollHeight") > 1180
    assert page.evaluate("document.documentElement.scrollWidth") <= 820
    assert box(page, ".workbench-image")["width"] == 820


def test_axe_finds_nothing(show: Show) -> None:
    assert violations(show(1280, 800)) == []
