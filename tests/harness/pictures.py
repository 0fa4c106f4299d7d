"""Pictures of pages at the usual sizes, and whether each page fits."""

import os
from pathlib import Path

from tests.harness.playwright_api import Page

SIZES = ((1280, 800), (1920, 1080))


def shoot(page: Page, name: str) -> None:
    """Keep pictures where CONSILIUM_PICTURES names a folder, for people to look at."""
    folder = os.environ.get("CONSILIUM_PICTURES")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide at {width}"
        for scheme in ("light", "dark") if folder else ():
            page.emulate_media(color_scheme=scheme)
            picture = Path(folder or "") / f"{name}-{width}-{scheme}.png"
            # What fades from one scheme to the other is shown as it ends.
            page.screenshot(path=picture, full_page=True, animations="disabled")
        page.emulate_media(color_scheme="light")
