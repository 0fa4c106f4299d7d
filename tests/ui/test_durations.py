"""How durations are told."""

import pytest

from consilium.ui.durations import about


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "a few seconds"),
        (30, "less than a minute"),
        (59, "about 1 min"),
        (3000, "about 50 min"),
        (7200, "about 2 h"),
        (200_000, "about 2 days"),
    ],
)
def test_durations_are_told_as_people_say_them(seconds: float, said: str) -> None:
    assert about(seconds) == said
