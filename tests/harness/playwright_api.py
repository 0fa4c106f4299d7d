"""Playwright's names. Where it is not installed browser tests are still collected, and skip saying why."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

INSTALLED = find_spec("playwright") is not None

if TYPE_CHECKING or INSTALLED:
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        Error,
        FilePayload,
        FloatRect,
        Page,
        Request,
        Route,
        expect,
        sync_playwright,
    )
else:
    Browser = BrowserContext = FilePayload = FloatRect = Page = Request = Route = expect = sync_playwright = (
        Any
    )
    Error = Exception

__all__ = [
    "INSTALLED",
    "Browser",
    "BrowserContext",
    "Error",
    "FilePayload",
    "FloatRect",
    "Page",
    "Request",
    "Route",
    "expect",
    "sync_playwright",
]
