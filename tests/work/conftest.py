"""A queue to work on."""

from collections.abc import Callable

import pytest

from consilium.work import kinds
from consilium.work.models import Round
from consilium.work.opening import open_items
from tests.cast import Cast
from tests.work import kind as test_kind

Opens = Callable[..., Round]


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._kinds, test_kind.NAME, test_kind.KIND)
    test_kind.projected.clear()


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
