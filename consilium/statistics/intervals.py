"""Confidence intervals of a proportion."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from consilium.statistics.undefined import Maybe, Undefined

NO_CASES = Undefined("no cases")


@dataclass(frozen=True)
class Interval:
    """A two-sided interval, low <= high."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; either may be undefined on its own."""

    value: Maybe[float]
    interval: Maybe[Interval]


def normal_quantile(level: float) -> float:
    """The two-sided standard normal quantile of a confidence level, 1.96 for 0.95.

    Raises:
        ValueError: the level does not lie strictly between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError("A confidence level lies strictly between 0 and 1.")
    return NormalDist().inv_cdf(0.5 + level / 2.0)


def wilson(successes: float, n: int, level: float = 0.95) -> Maybe[Interval]:
    """Wilson score interval (Wilson 1927, JASA 22:209), without continuity correction.

    `successes` may be fractional (scores of one half). Undefined without cases.
    """
    _check_counts(successes, n)
    if n == 0:
        return NO_CASES
    z = normal_quantile(level)
    share = successes / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Without a success the lower end is zero exactly, which rounding would miss; so at the other end.
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    return Interval(low, 1.0 if successes == n else min(1.0, (centre + half) / scale))


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> Maybe[Interval]:
    """Exact binomial interval (Clopper & Pearson 1934, Biometrika 26:404). Undefined without cases."""
    from scipy import special

    _check_counts(successes, n)
    if successes != int(successes):
        raise ValueError("An exact interval needs a whole number of successes.")
    if n == 0:
        return NO_CASES
    if not 0.0 < level < 1.0:
        raise ValueError("A confidence level lies strictly between 0 and 1.")
    tail = (1.0 - level) / 2.0
    low = 0.0 if successes == 0 else float(special.betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(special.betaincinv(successes + 1, n - successes, 1.0 - tail))
    return Interval(low, high)


def _check_counts(successes: float, n: int) -> None:
    if not 0 <= n < 2**53 or n != int(n) or not 0 <= successes <= n:
        raise ValueError("Successes lie between 0 and the number of cases, a whole number.")
