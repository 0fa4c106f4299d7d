"""One browser for all tests that need one: the system's Chromium, a fresh context per test."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.harness.playwright_api import INSTALLED, Browser, BrowserContext, Error, Page, sync_playwright

# Chromium heeds the last of two such switches: this one repeats what Playwright switches off. The last line
# is ours: the suggestions of the address bar, which nobody sees, were half of what a context costs.
WITHOUT = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "AimEnabled"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "PreconnectToSearch"),
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess"),
)
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    f"--disable-features={','.join(WITHOUT)}",
]


# The shell is the same browser, of the same package, without windows that nobody sees.
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
TRIES = 5


def shut(context: BrowserContext) -> None:
    """End a context. Its pages are brought to rest first: Chromium can wait for ever for one that is on its
    way to another address at that moment.
    """
    for page in context.pages:
        page.on("dialog", lambda dialog: dialog.accept())
        _empty(page)
    context.close()


def _empty(page: Page) -> None:
    for left in reversed(range(TRIES)):
        try:
            page.goto("about:blank")
        except Error:  # the page's own script went elsewhere just then: let it arrive
            if not left:
                raise
            page.wait_for_load_state()
        else:
            return


#: what htmx says of a request that a newer choice of the user has taken the place of
REPLACED = ("htmx:afterRequest,", "htmx:sendAbort,")


# Per module: while Playwright's loop lives in the test's thread, no other code can start one there.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser. Skips where there is none, or fails when services are required."""
    say = pytest.fail if os.environ.get("CONSILIUM_REQUIRE_SERVICES") == "1" else pytest.skip
    if not INSTALLED:
        say("Playwright is not installed: `make venv` installs it")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        say("Chromium is not installed")
    # Playwright's loop runs in the test's thread; Django would take it for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    """A page of 1280 x 800 without cookies; console errors and policy violations fail the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    shut(context)
    assert [text for text in complaints if not text.startswith(REPLACED)] == []
