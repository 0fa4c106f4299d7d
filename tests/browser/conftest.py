"""The browser of tests/design, and a data folder for a whole installation."""

from tests.design.conftest import chromium

__all__ = ["chromium"]
