"""Asks axe-core about a page in the browser; any test that has a page open may use it."""

from pathlib import Path
from typing import Any

from tests.harness.playwright_api import Page

AXE = Path(__file__).parents[1] / "ui" / "vendor" / "axe.min.js"
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# What another theme of the same page can break.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# What fades in has less contrast than it will have.
FADED_IN = """() => Promise.all(document.getAnimations()
  .filter((one) => one.playState === "running" && one.effect.getComputedTiming().endTime < Infinity)
  .map((one) => one.finished.catch(() => null))).then(() => null)"""


def violations(page: Page, within: str = "html", rules: dict[str, Any] = RULES) -> list[str]:
    """What axe-core finds wrong on the page as it stands, one line per rule and element.

    `within` (a CSS selector) leaves out what an open menu or dialog half covers; `rules`: all, or COLOURS.
    """
    page.evaluate(FADED_IN)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = page.evaluate("([within, options]) => axe.run(within, options)", [within, options])["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]
