"""What the list of statistics says of one of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Input = Mapping[str, Any]


@dataclass(frozen=True)
class Offered:
    """A statistic as the tool offers it: how it is computed from JSON, its input's shapes, its source."""

    compute: Callable[[Input], Any]
    shape: str
    source: str
