"""Mean of a few values that vary for reasons of their own, such as one figure under each of several seeds."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

from consilium.statistics.intervals import Estimate, Interval
from consilium.statistics.undefined import Undefined


def student_mean(values: Sequence[float], level: float = 0.95) -> Estimate:
    """The mean with Student's interval (Student 1908, Biometrika 6:1), n - 1 degrees of freedom.

    Undefined without values; the interval also with one.

    Raises:
        ValueError: the level does not lie strictly between 0 and 1.
    """
    from scipy import special

    if not 0.0 < level < 1.0:
        raise ValueError("A confidence level lies strictly between 0 and 1.")
    if not values:
        nothing = Undefined("no values")
        return Estimate(nothing, nothing)
    mean = fmean(values)
    if len(values) < 2:
        return Estimate(mean, Undefined("one value does not tell how much they vary"))
    half = float(special.stdtrit(len(values) - 1, 0.5 + level / 2.0)) * stdev(values) / sqrt(len(values))
    return Estimate(mean, Interval(mean - half, mean + half))
