"""From Enter to the next case on the screen, in Chromium.

python perf/browser.py [--votes N] [--beside DIR]

A reader votes by keyboard; the time runs from the key to the frame after the next case took answers and its
image was drawn. Prints milliseconds (p50, p95) and what the first page costs: requests, and bytes on the
wire, those of images apart.
With --beside another checkout of the product is measured first.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from clients import quantiles
from playwright.sync_api import Page, sync_playwright
from processes import ROOT
from server import Server, running

IMAGE = "/frames/"  # in the address of the pixels of an image
# The page may be left in between: when the key was pressed is kept in the session of the tab.
WATCH = """
const now = () => performance.timeOrigin + performance.now();
const token = () => document.querySelector("form[data-work]")?.dataset.token;
addEventListener("keydown", ({ key }) => {
  if (key === "Enter") sessionStorage.setItem("pressed", JSON.stringify([token(), now()]));
}, { capture: true });
function look() {
  const pressed = JSON.parse(sessionStorage.getItem("pressed") ?? "null");
  const isDrawn = document.querySelector(".iv-facts")?.textContent;
  if (!pressed || !isDrawn || !document.querySelector("form[data-ready]") || token() === pressed[0]) return;
  sessionStorage.removeItem("pressed");
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const taken = JSON.parse(sessionStorage.getItem("taken") ?? "[]");
    sessionStorage.setItem("taken", JSON.stringify([...taken, now() - pressed[1]]));
  }));
}
const everything = { subtree: true, childList: true, characterData: true, attributes: true };
new MutationObserver(look).observe(document, everything);
"""


def first_page(page: Page, url: str) -> dict[str, int]:
    """Bytes on the wire, of images and of all else, and requests of a visit with an empty cache."""
    seen = {"bytes": 0, "image_bytes": 0, "requests": 0}
    places: dict[str, str] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def answered(event: dict[str, Any]) -> None:
        places[event["requestId"]] = event["response"]["url"]

    def finished(event: dict[str, Any]) -> None:
        is_image = IMAGE in places.get(event["requestId"], "")
        seen["image_bytes" if is_image else "bytes"] += int(event["encodedDataLength"])
        seen["requests"] += 1

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    page.goto(url)
    page.wait_for_selector("form[data-ready]")
    page.wait_for_timeout(500)
    session.detach()
    return seen


def vote(page: Page) -> None:
    """All six rows by keyboard, then the next case."""
    before = page.url
    for _ in range(6):
        page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
    page.wait_for_selector("form[data-ready]")
    page.wait_for_timeout(150)  # a reader looks at the case: the image is drawn meanwhile


def measure(server: Server, executable: str, votes: int) -> dict[str, Any]:
    """One reader's votes."""
    base = f"http://127.0.0.1:{server.web.port}"
    claimed = server.sit(0).first()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        filled = server.filled
        context.add_cookies([{"name": filled.cookie, "value": filled.sessions["reader0"], "url": base}])
        context.add_init_script(WATCH)
        page = context.new_page()
        seen = first_page(page, base + claimed)
        for _ in range(votes):
            vote(page)
        taken: list[float] = json.loads(page.evaluate("sessionStorage.getItem('taken')"))
        browser.close()
    return {"painted": quantiles([each / 1000 for each in taken]), "votes": len(taken), **seen}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=30)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--beside", type=Path, help="another checkout")
    options = parser.parse_args()
    for checkout in filter(None, (options.beside, ROOT)):
        with running(checkout, cases=options.votes + 20, readers=2, seats=2) as server:
            figures = measure(server, options.chromium, options.votes)
            sys.stdout.write(json.dumps({"subject": server.name, **figures}) + "\n")


if __name__ == "__main__":
    main()
