"""The grace of a training process that is asked to stop follows what its steps take."""

from collections.abc import Callable

import pytest

from training.grace import Grace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that goes on when it is told to."""
    now = [100.0]
    monkeypatch.setattr("training.grace.time.monotonic", lambda: now[0])

    def go_on(seconds: float) -> None:
        now[0] += seconds

    return go_on


def test_a_process_whose_steps_are_long_gets_two_of_them_more(clock: Callable[[float], None]) -> None:
    allowed = Grace()
    assert allowed.seconds == 60
    allowed.note("start")
    for seconds in (300, 90, 120):
        clock(seconds)
        allowed.note("step")
    assert allowed.seconds == 60 + 2 * 300
    clock(400)
    allowed.note("checkpoint")
    assert allowed.seconds == 60 + 2 * 400


def test_what_was_slow_long_ago_counts_no_more(clock: Callable[[float], None]) -> None:
    allowed = Grace()
    for seconds in (0, 900, *[2] * 20):
        clock(seconds)
        allowed.note("step")
    assert allowed.seconds == 64


def test_other_events_are_no_steps(clock: Callable[[float], None]) -> None:
    allowed = Grace()
    allowed.note("start")
    clock(500)
    allowed.note("judge")
    assert allowed.seconds == 60
