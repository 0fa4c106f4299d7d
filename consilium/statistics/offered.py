"""What the list of statistics says of one of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from consilium.statistics.bootstrap import REPLICATES, SEED

Input = Mapping[str, Any]
_MOST_REPLICATES = 1_000_000


def resampling(given: Input) -> dict[str, int]:
    """How often to resample, and the seed.

    Raises:
        ValueError: not a whole number, or more replicates than anybody waits for.
    """
    replicates, seed = given.get("replicates", REPLICATES), given.get("seed", SEED)
    if not all(isinstance(number, int) and number >= 0 for number in (replicates, seed)):
        raise ValueError("replicates and seed are whole numbers")
    if not 2 <= replicates <= _MOST_REPLICATES:
        raise ValueError(f"replicates lie between 2 and {_MOST_REPLICATES:,}")
    return {"replicates": replicates, "seed": seed}


@dataclass(frozen=True)
class Offered:
    """A statistic as the tool offers it: how it is computed from JSON, its input's shapes, its source."""

    compute: Callable[[Input], Any]
    shape: str
    source: str
