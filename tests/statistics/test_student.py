"""Student's interval against scipy's own, and where it does not exist."""

import pytest
from scipy import stats

from consilium.statistics.intervals import Interval
from consilium.statistics.student import student_mean
from consilium.statistics.undefined import Undefined


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_is_that_of_the_t_distribution(level: float) -> None:
    values = [0.5, 0.625, 0.25, 0.75]
    found = student_mean(values, level)
    low, high = stats.t.interval(level, 3, loc=0.53125, scale=stats.sem(values))
    assert found.value == pytest.approx(0.53125)
    assert isinstance(found.interval, Interval)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))


def test_one_value_has_no_interval_and_none_no_mean() -> None:
    assert student_mean([0.5]).value == 0.5
    assert isinstance(student_mean([0.5]).interval, Undefined)
    assert isinstance(student_mean([]).value, Undefined)
    with pytest.raises(ValueError, match="confidence level"):
        student_mean([0.5, 0.6], 1.0)
