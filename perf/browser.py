"""From the key that submits to the next case on the screen, in Chromium.

python perf/browser.py [--votes N] [--label-studio] [--beside DIR]

A reader votes by keyboard; the time runs from the key to the frame after the next case took answers and its
image was drawn: `painted` for one who votes before the next case could be fetched, `prefetched` for one who
looks at each until it was. Prints milliseconds (p50, p95) and what the first page costs: requests, and bytes
on the wire, those of images apart. With --beside another checkout of the product is measured as well, with
--label-studio Label Studio, which shows the same picture.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import label_studio
from clients import quantiles
from playwright.sync_api import Browser, Error, Page, sync_playwright
from processes import ROOT
from screens import Screen, of_consilium, of_label_studio
from server import running

WAIT_SECONDS = 60.0
BEFORE_AHEAD_MS = 700  # what the first page takes, before the case after it is fetched
LOOKS_MS = 150  # a reader looks at the case: the image is drawn meanwhile


def first_page(page: Page, screen: Screen) -> dict[str, int]:
    """Bytes on the wire, of images and of all else, and requests of a visit with an empty cache."""
    seen = {"bytes": 0, "image_bytes": 0, "requests": 0}
    places: dict[str, str] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def answered(event: dict[str, Any]) -> None:
        places[event["requestId"]] = event["response"]["url"]

    def finished(event: dict[str, Any]) -> None:
        place = places.get(event["requestId"], "")
        if not place.startswith("data:"):
            seen["image_bytes" if screen.image in place else "bytes"] += int(event["encodedDataLength"])
            seen["requests"] += 1

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    page.goto(screen.address)
    page.wait_for_selector(screen.ready)
    page.wait_for_timeout(BEFORE_AHEAD_MS)
    session.detach()
    return seen


def taken(page: Page) -> list[float]:
    """Milliseconds from key to paint of every vote so far."""
    found: list[float] = json.loads(page.evaluate("sessionStorage.getItem('taken') ?? '[]'"))
    return found


def fetched(page: Page, screen: Screen) -> None:
    """Look at the case until the next one is here."""
    with page.expect_event("requestfinished", lambda request: request.url.endswith(screen.ahead)):
        pass
    page.wait_for_timeout(LOOKS_MS)


def vote(page: Page, screen: Screen, already: int) -> None:
    """All six rows by keyboard, then the next case."""
    for key in screen.keys:
        page.keyboard.press(key)
    page.keyboard.press(screen.submit)
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        page.wait_for_timeout(20)
        try:
            if len(taken(page)) > already:
                page.wait_for_timeout(LOOKS_MS)
                return
        except Error:  # the page is just being left for the next one
            continue
    raise SystemExit(f"{screen.name}: vote {already + 1} brought no next case.")


def measure(browser: Browser, screen: Screen, votes: int) -> dict[str, Any]:
    """One reader's votes."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies(screen.cookies)
    context.add_init_script(screen.watch)
    page = context.new_page()
    seen = first_page(page, screen)
    for number in range(votes):
        vote(page, screen, number)
    if screen.ahead:
        for number in range(votes, 2 * votes):
            fetched(page, screen)
            vote(page, screen, number)
    times = [each / 1000 for each in taken(page)]
    painted, prefetched = quantiles(times[:votes]), quantiles(times[votes:])
    context.close()
    return {"subject": screen.name, "painted": painted, "prefetched": prefetched, "votes": votes, **seen}


def screens(options: argparse.Namespace, browser: Browser) -> Iterator[Screen]:
    """Each server's screen in turn; the server runs until the next one is asked for."""
    numbers = {"cases": 2 * options.votes + 20, "readers": 2, "seats": 2}
    for checkout in filter(None, (options.beside, ROOT)):
        with running(checkout, **numbers) as server:
            yield of_consilium(server)
    if options.label_studio and label_studio.is_installed():
        with label_studio.running(**numbers) as peer:
            yield of_label_studio(peer, browser)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--votes", type=int, default=30)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--label-studio", action="store_true", help="beside it, when it is installed")
    parser.add_argument("--beside", type=Path, help="another checkout")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for screen in screens(options, browser):
            sys.stdout.write(json.dumps(measure(browser, screen, options.votes)) + "\n")
        browser.close()


if __name__ == "__main__":
    main()
