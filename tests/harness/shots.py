"""`python -m tests.harness.shots [page ...]`: every screen of the demo study, two sizes, light and dark.

Writes shots/<who>-<page>-<size>-<theme>.png. SHOTS_HOME names a filled data folder, which is copied first;
without it a new demo study is made, which takes some minutes.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tests.harness.browsers import shut
from tests.harness.playwright_api import Browser, Page, sync_playwright
from tests.path.drive import ROOT, Installation, running

OUT = ROOT / "shots"
SIZES = ((1280, 800), (1920, 1080))
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@contextmanager
def filled(scratch: Path) -> Iterator[tuple[Installation, dict[str, Any]]]:
    """A running installation with the demo study, and what is to be visited in it."""
    home, given = scratch / "home", os.environ.get("SHOTS_HOME")
    if given:
        shutil.copytree(given, home)
    else:
        home.mkdir(mode=0o700)
    with running(home) as site:
        print(site.command("setup", "--demo").strip())  # noqa: T201
        done = subprocess.run(
            [sys.executable, "-m", "tests.harness.places"],
            cwd=ROOT,
            env=site.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        site.start()
        yield site, json.loads(done.stdout)


def shoot_all(browser: Browser, site: Installation, plan: dict[str, Any], wanted: list[str]) -> int:
    """Visit everything as everybody; how many pictures were made."""
    made = 0
    for who, pages in plan["places"].items():
        chosen = {name: path for name, path in pages.items() if not wanted or name in wanted}
        if not chosen:
            continue
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        if who:
            log_in(page, site.url, who, plan["password"])
        for name, path in chosen.items():
            is_workbench, file = name in plan["workbenches"], f"{who or 'nobody'}-{name}"
            page.goto(site.url + path, wait_until="networkidle")
            if name == "annotation-adjudicate":
                made += shoot(page, f"{who}-annotation-blind", is_workbench)
                page.keyboard.type("121321")
                page.keyboard.press("Enter")
                page.wait_for_selector("[data-adopts]")
            made += shoot(page, file, is_workbench)
        shut(context)
    return made


def log_in(page: Page, url: str, who: str, password: str) -> None:
    """Through the login page, as people do."""
    page.goto(f"{url}/accounts/login/")
    page.fill("[name=login]", who)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda at: "/accounts/login/" not in at)


def shoot(page: Page, name: str, is_workbench: bool) -> int:
    """The open page in every size and theme; a page that scrolls is shown whole."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_timeout(150)
            target = OUT / f"{name}-{width}x{height}-{theme}.png"
            page.screenshot(path=target, full_page=not is_workbench)
    return len(SIZES) * len(THEMES)


def main(wanted: list[str]) -> None:
    """Make the pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed for screenshots: install the package `chromium`.")
    OUT.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="consilium-shots-") as scratch,
        filled(Path(scratch)) as (site, plan),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        print(f"{shoot_all(browser, site, plan, wanted)} pictures are in {OUT}")  # noqa: T201
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
