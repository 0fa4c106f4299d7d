"""McNemar's test of two paired proportions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from consilium.statistics.ratings import as_counts
from consilium.statistics.undefined import Maybe, Undefined


@dataclass(frozen=True)
class McNemar:
    """Chi-square with and without continuity correction, and the exact and mid p-values, all two-sided."""

    chi2: Maybe[float]
    p_asymptotic: Maybe[float]
    chi2_cc: Maybe[float]
    p_cc: Maybe[float]
    p_exact: float
    p_mid: float


def mcnemar(table: Sequence[Sequence[float]]) -> McNemar:
    """Test whether the two discordant cells of a 2 x 2 table differ (McNemar 1947, Psychometrika 12:153).

    The mid p-value after Fagerland et al. 2013 (BMC Med Res Methodol 13:91). Without discordant pairs the
    exact p-values are 1 and the chi-square is undefined.

    Raises:
        ValueError: the table is not 2 x 2.
    """
    counts = as_counts(table)
    if counts.shape != (2, 2):
        raise ValueError("McNemar's test takes a 2 x 2 table.")
    first, second = int(counts[0, 1]), int(counts[1, 0])
    p_exact, p_mid = _exact(first, second)
    if first + second == 0:
        none = Undefined("no discordant pairs")
        return McNemar(none, none, none, none, p_exact, p_mid)
    plain = (first - second) ** 2 / (first + second)
    corrected = max(abs(first - second) - 1, 0) ** 2 / (first + second)
    return McNemar(plain, _chi2_tail(plain), corrected, _chi2_tail(corrected), p_exact, p_mid)


def table_of_pairs(first: Sequence[int], second: Sequence[int]) -> list[list[int]]:
    """The 2 x 2 table of two lists of 0 and 1 on the same items: rows the first, 1 before 0.

    Raises:
        ValueError: lists of different lengths, or another value.
    """
    pairs = list(zip(first, second, strict=True))
    if any(value not in (0, 1) for pair in pairs for value in pair):
        raise ValueError("Every outcome is 0 or 1.")
    return [[pairs.count((one, other)) for other in (1, 0)] for one in (1, 0)]


def _exact(first: int, second: int) -> tuple[float, float]:
    from scipy import special

    n, least = first + second, min(first, second)
    below = float(special.bdtr(least, n, 0.5)) if n else 1.0
    before = float(special.bdtr(least - 1, n, 0.5)) if least else 0.0
    return min(1.0, 2.0 * below), min(1.0, below + before)


def _chi2_tail(chi2: float) -> float:
    """P(chi-square with one degree of freedom > chi2)."""
    return math.erfc(math.sqrt(chi2 / 2.0))
