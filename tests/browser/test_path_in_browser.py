"""The lead's, the clinician's and the senior's part in Chromium, on a real installation.

Every page visited is looked at in light and dark: no console error, no policy violation, no request to
another host, nothing that axe-core objects to.
"""

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pydicom
import pytest
from PIL import Image as Picture

from consilium.answers.dimensions import DIMENSIONS
from tests.harness.accessibility import COLOURS, violations
from tests.harness.browsers import shut
from tests.harness.once import Put
from tests.harness.playwright_api import Browser, BrowserContext, FilePayload, Page, Request, expect
from tests.path.drive import PASSWORD, Installation, Person, running, seed

pytestmark = [pytest.mark.browser, pytest.mark.path]
S = "/s/chest"
PATIENCE, QUIET = 30.0, 0.15
HEARS_VIOLATIONS = """document.addEventListener("securitypolicyviolation",
  (event) => window.heard(`${event.violatedDirective} ${event.blockedURI}`))"""


class Somebody:
    """One person's browser: everything it complains about is kept."""

    def __init__(self, context: BrowserContext, site: Installation, name: str) -> None:
        self.site, self.name = site, name
        self.complaints: list[str] = []
        context.expose_function("heard", self._hear)
        context.add_init_script(HEARS_VIOLATIONS)
        context.on("request", lambda request: self._check(request.url))
        self.page = context.new_page()
        self.page.on("console", lambda said: self._hear(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self._hear(str(error)))
        self._waits_for = set[Request]()
        self._asked_at = 0.0
        self.page.on("request", self._note)
        for end in ("requestfinished", "requestfailed"):
            self.page.on(end, self._note_end)
        self.page.goto(f"{site.url}/accounts/login/")
        self.look("login")
        self.page.fill("[name=login]", name)
        self.page.fill("[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/accounts/login/" not in url)

    def _hear(self, text: str) -> None:
        self.complaints.append(f"{self.page.url}: {text}")

    def _note(self, request: Request) -> None:
        self._waits_for.add(request)
        self._asked_at = time.monotonic()

    def _note_end(self, request: Request) -> None:
        self._waits_for.discard(request)

    def settle(self) -> None:
        """Until everything that was asked for is here and nothing more has been for a moment."""
        deadline = time.monotonic() + PATIENCE
        while self._waits_for or time.monotonic() - self._asked_at < QUIET:
            assert time.monotonic() < deadline, [request.url for request in self._waits_for]
            self.page.wait_for_timeout(20)

    def _check(self, url: str) -> None:
        if urlsplit(url).scheme not in ("blob", "data") and not url.startswith(self.site.url):
            self.complaints.append(f"asked another host: {url}")

    def visit(self, path: str, name: str) -> Page:
        """Open a page and look at it."""
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        assert answer.status == 200, path
        self.settle()
        self.look(name)
        return self.page

    def look(self, name: str) -> None:
        """The opinion of axe-core; in dark, of the colours."""
        self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        assert violations(self.page, rules=COLOURS) == [], f"{name}, dark"
        self.page.emulate_media(color_scheme="light")
        assert violations(self.page) == [], name

    def send(self, action: str) -> Page:
        """Press the button of the form that posts to an address ending so, and look at what follows."""
        with self.page.expect_navigation():
            self.page.locator(f"form[action$='{action}'] button.button-primary").last.click()
        return self.page


@pytest.fixture
def site(tmp_path: Path, put_database: Put) -> Iterator[Installation]:
    with running(put_database(tmp_path / "home")) as installation:
        seed(installation, "people")
        installation.start()
        yield installation


@pytest.fixture
def people(chromium: Browser, site: Installation) -> Iterator[dict[str, Somebody]]:
    contexts = {
        name: chromium.new_context(viewport={"width": 1280, "height": 800})
        for name in ("lena", "max", "anna", "rosa")
    }
    everybody = {name: Somebody(context, site, name) for name, context in contexts.items()}
    yield everybody
    complaints = [one for person in everybody.values() for one in person.complaints]
    for context in contexts.values():
        shut(context)
    assert complaints == []


def files() -> dict[str, list[FilePayload]]:
    """A real CT slice with a question; two coloured pictures, one to train with and one held out."""
    slice_ = Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm"
    options = {"A": "Vertebral body", "B": "Spleen"}
    real = [_line("ct", "ct.dcm", "Which structure lies in the upper middle?", options)]
    fields = {"red": (200, 30, 30), "blue": (30, 30, 200)}
    coloured = [
        _line(name, f"{name}.png", f"Which field is {name}?", {"A": "This one", "B": "None"}) | {"use": use}
        for name, use in zip(fields, ("train", "test"), strict=True)
    ]
    return {
        "Archive": [_file("ct.dcm", slice_.read_bytes()), _jsonl(real)],
        "Teaching": [
            *(_file(f"{name}.png", _png(colour)) for name, colour in fields.items()),
            _jsonl(coloured),
        ],
    }


def _line(key: str, image: str, question: str, options: dict[str, str]) -> dict[str, Any]:
    return {"id": key, "question": question, "options": options, "answer": "A", "images": [image]}


def _file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def _jsonl(lines: list[dict[str, Any]]) -> FilePayload:
    return _file("questions.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())


def _png(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    picture = Picture.linear_gradient("L").resize((64, 64))
    Picture.composite(Picture.new("RGB", (64, 64), colour), Picture.new("RGB", (64, 64)), picture).save(
        out, "PNG"
    )
    return out.getvalue()


def test_lead_clinician_and_senior_in_the_browser(site: Installation, people: dict[str, Somebody]) -> None:
    bring_data(people["lena"], people["max"])
    seed(site, "answers")
    open_rounds(people["lena"])
    review_by_keyboard(people["anna"])
    vote_by_keyboard(people["anna"])
    for name in ("ben", "carla"):
        others_vote(Person(site, name))
    decide(people["rosa"])
    freeze(people["lena"])
    seed(site, "models")
    see_results(people["lena"])


def bring_data(lead: Somebody, second: Somebody) -> None:
    """Two sources, two imports, one pixel review by somebody who did not upload, questions opened."""
    lead.look("first-page")
    for name, uploads in files().items():
        page = lead.visit(f"{S}/sources/new/", "source")
        page.fill("[name=name]", name)
        page.fill("[name=licence]", "CC0-1.0")
        if name == "Teaching":
            for permission in ("may_train", "may_redistribute", "is_synthetic"):
                page.check(f"[name={permission}]")
        page.click("main form .button-primary")
        page = lead.visit(f"{S}/imports/new/", "new-import")
        page.select_option("[name=source]", label=name)
        page.set_input_files("[name=uploads]", uploads)
        page.click("main form .button-primary")
        page.wait_for_url("**/imports/*/")
        expect(page.locator("main")).to_contain_text("Taken in", timeout=30_000)
        lead.look("import")
    page = second.visit(f"{S}/pixel-review/", "pixel-reviews")
    page.locator("main a[href*='/pixel-review/']").first.click()
    second.settle()
    second.look("pixel-review")
    page.keyboard.press("c")
    sign(page)
    page.wait_for_url(f"**{S}/pixel-review/")
    lead.visit(f"{S}/questions/", "questions")
    lead.send("/questions/open/")
    expect(lead.page.locator("main, .toasts").first).to_contain_text("Ready")


def open_rounds(lead: Somebody) -> None:
    """A round of reviews and a round of comparisons."""
    page = lead.visit(f"{S}/traces/", "traces")
    page.click("[data-opens-dialog=round]")
    page.fill("dialog[open] [name=name]", "Reviews")
    lead.send("/traces/open-round/")
    lead.visit(f"{S}/rounds/", "rounds")
    lead.send("/rounds/open/")
    lead.look("rounds-open")


def start(reader: Somebody, kind: str) -> Page:
    """From the queue into the work, by keyboard."""
    page = reader.visit(f"{S}/work/", "queue")
    page.locator(f"form[action$='/work/{kind}/next/'] button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/adjudicate/*/" if kind == "adjudicate" else f"**/{kind}/*/")
    reader.settle()
    reader.look(kind)
    return page


def review_by_keyboard(reader: Somebody) -> None:
    page = start(reader, "review")
    page.keyboard.press("f")
    expect(page.locator("[data-review-decision]")).to_contain_text("stands as written")
    page.keyboard.press("Enter")
    page.wait_for_url("**/work/review/")
    reader.look("reviewed")


def vote_by_keyboard(reader: Somebody) -> None:
    page = start(reader, "compare")
    for key in "121221":
        page.keyboard.press(key)
    expect(page.locator("[data-submits]")).to_be_enabled()
    reader.look("voted")
    page.keyboard.press("Enter")
    page.wait_for_url("**/work/compare/")


def others_vote(reader: Person) -> None:
    """Two more readers see harm, so the case needs a senior."""
    found = reader.claim("chest", "compare")
    assert found is not None
    reader.submit(found[0], {"choices": dict.fromkeys(DIMENSIONS, "first_clearly"), "harm": "both"})


def decide(senior: Somebody) -> None:
    page = start(senior, "adjudicate")
    for key in "222222":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-adopts]")
    senior.look("adjudicate-readers")
    page.fill("[name=comment]", "The image decides.")
    page.click("[data-submits]")
    sign(page)
    page.wait_for_url("**/work/adjudicate/")


def sign(page: Page) -> None:
    """The open dialog has the focus in its field."""
    page.wait_for_selector("dialog[open] [type=password]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def freeze(lead: Somebody) -> None:
    for kind in ("traces", "preferences"):
        page = lead.visit(f"{S}/releases/new/", "new-release")
        page.check(f"[name=kind][value={kind}]")
        page.click("main form .button-primary")
        page.wait_for_selector("main [name=name]")
        lead.look(f"release-preview-{kind}")
        page.fill("[name=name]", f"Frozen {kind}")
        page.click("main form .button-primary")
        page.wait_for_url("**/releases/*/#opens-sign")
        sign(page)
        expect(page.locator(".signature")).to_contain_text("Signed by")
        expect(page.locator("h1")).to_contain_text(f"Frozen {kind}")
        lead.look(f"release-{kind}")


def see_results(lead: Somebody) -> None:
    """Runs, one run with its curve, the leaderboard, the overview and the record."""
    page = lead.visit(f"{S}/runs/", "runs")
    run = page.locator("main table a[href*='/runs/']").first.get_attribute("href")
    assert run is not None
    expect(lead.visit(run, "run").locator("main")).to_contain_text("Loss")
    expect(lead.visit(f"{S}/leaderboard/", "leaderboard").locator("main")).to_contain_text("tiny base")
    for name in ("agreement", "cases", "releases", "record"):
        lead.visit(f"{S}/{name}/", name)
    lead.visit(f"{S}/", "overview")
