"""A page whose complaints the tests of the frame look at themselves."""

from collections.abc import Iterator

import pytest

from tests.harness.browsers import shut
from tests.harness.playwright_api import Browser, Page


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    """A page of 1280 x 800 without cookies."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    yield context.new_page()
    shut(context)
