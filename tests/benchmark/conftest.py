"""A browser for the pages: the system's Chromium, one fresh context per test, complaints fail the test."""

from tests.annotation.conftest import chromium, window

__all__ = ["chromium", "window"]
