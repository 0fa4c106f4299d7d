"""A queue to work on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from consilium.workqueue import kinds
from consilium.workqueue.models import Round
from consilium.workqueue.open import open_items
from tests.factories.cast import Cast
from tests.workqueue import kind as test_kind

Opens = Callable[..., Round]


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._kinds, test_kind.NAME, test_kind.KIND)
    test_kind.projected.clear()


@pytest.fixture
def with_screen(settings: Any) -> None:
    """Adds a screen for the test kind."""
    settings.ROOT_URLCONF = "tests.workqueue.urls"
    templates = [dict(engine) for engine in settings.TEMPLATES]
    templates[0]["DIRS"] = [*templates[0]["DIRS"], Path(__file__).parent / "templates"]
    settings.TEMPLATES = templates


class Browser(Client):
    """A logged-in client that speaks JSON."""

    def send(self, claim: Any, call: str, **body: Any) -> Any:
        return self.post(f"/work/{getattr(claim, 'token', claim)}/{call}/", body, "application/json")


@pytest.fixture
def browser(cast: Cast, with_screen: None) -> Callable[[str], Browser]:
    """Logs a person in."""

    def log_in(name: str) -> Browser:
        client = Browser()
        client.force_login(getattr(cast, name), backend="consilium.people.sessions.Backend")
        return client

    return log_in


@pytest.fixture
def opened(cast: Cast) -> Opens:
    """Opens items 1..n of the test kind for annotators."""

    def opens(items: int = 3, capacity: int = 1, **overrides: object) -> Round:
        return open_items(
            study=cast.study,
            kind=test_kind.NAME,
            name="Round 1",
            objects=[(number, dict(overrides)) for number in range(1, items + 1)],
            role="annotator",
            capacity=capacity,
            by=cast.lena,
        )

    return opens
