"""Token buckets: so much at once, so much per while, and a wait that is exact."""

import pytest

from consilium.environment import EnvironmentRefused
from consilium.rates import DEFAULTS, Buckets, Rate, TooMany, drawn, read_rates


def test_a_bucket_gives_its_number_and_then_one_per_part_of_the_while() -> None:
    moments = [0.0]
    buckets, rate = Buckets(clock=lambda: moments[-1]), Rate(3, 60)
    for _ in range(3):
        buckets.take("anna", rate)
    with pytest.raises(TooMany, match="20 seconds") as refused:
        buckets.take("anna", rate)
    assert refused.value.seconds == 20
    buckets.take("ben", rate)
    moments.append(20.0)
    buckets.take("anna", rate)
    with pytest.raises(TooMany):
        buckets.take("anna", rate)


def test_a_refused_try_does_not_make_the_wait_longer() -> None:
    rate = Rate(1, 10)
    left, _ = drawn(1, 0, 0, rate)
    for moment in (1, 2, 3):
        left, wait = drawn(left, moment - 1, moment, rate)
        assert wait == pytest.approx(10 - moment)


def test_a_clock_that_goes_back_fills_nothing_and_a_long_pause_no_more_than_the_number() -> None:
    assert drawn(0.5, 100, 0, Rate(2, 10)) == (0.5, 2.5)
    assert drawn(0, 0, 1e9, Rate(2, 10)) == (1, 0.0)


def test_rates_are_read_and_nonsense_is_refused() -> None:
    assert read_rates("") == DEFAULTS
    assert read_rates("submit=5/10 export=1/3600") == DEFAULTS | {
        "submit": Rate(5, 10),
        "export": Rate(1, 3600),
    }
    for wrong in ("submit", "submit=5", "submit=x/1", "submit=0/1", "submit=1/0", "votes=1/1", "submit=-1/5"):
        with pytest.raises(EnvironmentRefused, match="CONSILIUM_RATES"):
            read_rates(wrong)
